/**
 * Clusters of the rows of a matrix, and what training objectives put before and after k-means.
 *
 * <p>Use {@link org.kindred.models.clustering.KMeans} for rows in memory; {@link
 * org.kindred.models.clustering.KMeansRun}, {@link org.kindred.models.clustering.NearestCenters}
 * and {@link org.kindred.models.clustering.ClusterSums} for rows that are elsewhere, to the same
 * result. {@link org.kindred.models.clustering.BalancedAssignment} makes clusters of equal size,
 * {@link org.kindred.models.clustering.DensityPeaks} those of a neighbour graph. {@link
 * org.kindred.models.clustering.Whitening} prepares features as DeepCluster does, {@link
 * org.kindred.models.clustering.Concentration} says how dense the clusters came out, as PCL needs
 * it. With n rounds of an assignment and an update, and a final assignment, the methods ask for:
 *
 * <pre>{@code
 * // DeepCluster, Local Aggregation, PCL: n = 20
 * new KMeans(product, clusters, restarts, n + 1)
 *     .withStart(Start.RANDOM_ROWS)
 *     .withEmptyClusters(EmptyClusters.SPLIT);
 * // DeepCluster-v2, which is spherical (Similarity.COSINE): n = 10
 * new KMeans(product, clusters, 1, n + 1)
 *     .withStart(Start.RANDOM_ROWS)
 *     .withEmptyClusters(EmptyClusters.UNCHANGED);
 * }</pre>
 *
 * <p>A restart draws by its number: numbers that go on from epoch to epoch give each its own draws.
 *
 * <p>Guarantees: a clustering is a function of rows, arguments and seed alone; threads, blocks and
 * the matrix product's rounding do not show in it. Sums over rows are kept in fixed point, so that
 * the order of the rows does not show either. Whitened rows are float32 products, with the
 * guarantees of {@link org.kindred.models.linalg}.
 *
 * <p>Threading: thread-safe, and spread over the common fork-join pool.
 *
 * <p>Papers: S. Lloyd, "Least squares quantization in PCM", 1982; D. Arthur, S. Vassilvitskii,
 * "k-means++: the advantages of careful seeding", SODA 2007; B. Bahmani, B. Moseley, A. Vattani, R.
 * Kumar, S. Vassilvitskii, "Scalable k-means++", VLDB 2012; G. Hamerly, "Making k-means even
 * faster", SDM 2010; M. Caron, P. Bojanowski, A. Joulin, M. Douze, "Deep clustering for
 * unsupervised learning of visual features", ECCV 2018; J. Li, P. Zhou, C. Xiong, S. Hoi,
 * "Prototypical contrastive learning of unsupervised representations", ICLR 2021.
 */
package org.kindred.models.clustering;
