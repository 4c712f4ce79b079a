package org.kindred.stages;

import org.kindred.proto.artifact.v1.ViewRecipe;
import org.kindred.proto.pipeline.v1.RecipeConfig;
import org.kindred.stages.image.Recipes;
import org.kindred.stages.image.ViewMaker;

/** A recipe as a stage's configuration gives it. */
public final class ConfiguredRecipe {
  private ConfiguredRecipe() {}

  /**
   * Resolves a recipe that can be followed.
   *
   * @param config the configuration
   * @param field path of the configuration's field, for the message
   * @throws StageException naming the field and what is wrong with the recipe
   */
  public static ViewRecipe resolve(RecipeConfig config, String field) {
    try {
      ViewRecipe recipe = Recipes.resolve(config);
      new ViewMaker(recipe);
      return recipe;
    } catch (IllegalArgumentException e) {
      throw new StageException(field + ": " + e.getMessage(), e);
    }
  }
}
