package org.kindred.stages.artifact;

import java.util.Optional;
import java.util.ServiceLoader;

/**
 * A module that knows more of a file system than Beam's interface tells, such as a way to rename a
 * directory or to create a file conditionally. It names its class in {@code
 * META-INF/services/org.kindred.stages.artifact.StoreFilesProvider}.
 */
public interface StoreFilesProvider {

  /** Returns the scheme of the URIs that it is for, such as {@code hdfs}. */
  String scheme();

  /** Returns the operations on those URIs. */
  StoreFiles files();

  /** Returns the operations for a scheme, if a module on the class path has them. */
  static Optional<StoreFiles> find(String scheme) {
    return ServiceLoader.load(StoreFilesProvider.class, StoreFilesProvider.class.getClassLoader())
        .stream()
        .map(ServiceLoader.Provider::get)
        .filter(provider -> provider.scheme().equalsIgnoreCase(scheme))
        .map(StoreFilesProvider::files)
        .findFirst();
  }
}
