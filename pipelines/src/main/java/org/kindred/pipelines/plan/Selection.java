package org.kindred.pipelines.plan;

import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Which steps a user asked for.
 *
 * @param from run this step and every step that reads it, directly or not, although nothing
 *     changed; what it reads must be there; other steps run when they have to
 * @param only run no step but this one, and it only when it has to; what it reads must be there
 * @param force run these steps although their artifacts are there
 */
public record Selection(Optional<String> from, Optional<String> only, Set<String> force) {
  /** All steps, none of them forced. */
  public static final Selection ALL = new Selection(Optional.empty(), Optional.empty(), Set.of());

  /** Copies the set. */
  public Selection {
    force = Set.copyOf(force);
  }

  /** What the selection means for an experiment's steps. */
  record Scope(List<BoundStep> steps, Set<String> forced, Set<String> mustExist) {}

  /**
   * Returns the selected steps and those that they read, whether or not these are there.
   *
   * @param steps all steps, each after those that it reads
   * @throws PlanException if it names a step that is not there
   */
  public List<BoundStep> steps(List<BoundStep> steps) {
    return apply(steps).steps();
  }

  /**
   * Applies the selection.
   *
   * @param steps all steps, each after those that it reads
   * @throws PlanException if it names a step that is not there
   */
  Scope apply(List<BoundStep> steps) {
    Map<String, BoundStep> byId = new LinkedHashMap<>();
    steps.forEach(step -> byId.put(step.id(), step));
    Stream.of(from.stream(), only.stream(), force.stream())
        .flatMap(ids -> ids)
        .filter(id -> !byId.containsKey(id))
        .findFirst()
        .ifPresent(
            id -> {
              throw new PlanException(
                  "no step \"%s\", the experiment's steps are %s"
                      .formatted(id, String.join(", ", byId.keySet())));
            });
    if (from.isPresent() && only.isPresent()) {
      throw new PlanException(
          "--from %s and --only %s exclude each other".formatted(from.get(), only.get()));
    }
    force.stream()
        .filter(id -> only.isPresent() && !id.equals(only.get()))
        .findFirst()
        .ifPresent(
            id -> {
              throw new PlanException(
                  "--force %s has no part in --only %s, which runs no other step"
                      .formatted(id, only.get()));
            });
    Set<String> forced = new HashSet<>(force);
    Set<String> mustExist = new HashSet<>();
    if (from.isPresent()) {
      forced.add(from.get());
      steps.stream()
          .filter(step -> ancestors(step, byId).contains(from.get()))
          .forEach(step -> forced.add(step.id()));
      mustExist.addAll(ancestors(byId.get(from.get()), byId));
    }
    if (only.isEmpty()) {
      return new Scope(steps, forced, mustExist);
    }
    Set<String> before = ancestors(byId.get(only.get()), byId);
    mustExist.addAll(before);
    List<BoundStep> kept =
        steps.stream()
            .filter(step -> step.id().equals(only.get()) || before.contains(step.id()))
            .toList();
    return new Scope(kept, forced, mustExist);
  }

  private static Set<String> ancestors(BoundStep step, Map<String, BoundStep> byId) {
    Set<String> found = new HashSet<>();
    collect(step.reads(), byId, found);
    return found;
  }

  private static void collect(
      Collection<String> ids, Map<String, BoundStep> byId, Set<String> found) {
    for (String id : ids) {
      if (found.add(id)) {
        collect(byId.get(id).reads(), byId, found);
      }
    }
  }
}
