"""k-means of the rows of a file by FAISS or scikit-learn, after one iteration that does not count; arguments: faiss or sklearn, file, dimension, threads, clusters, iterations."""
import json
import sys
import time

import numpy as np

peer, path, *numbers = sys.argv[1:]
dimension, threads, clusters, iterations = map(int, numbers)
rows = np.fromfile(path, "<f4").reshape(-1, dimension)
if peer == "faiss":
    import faiss
    faiss.omp_set_num_threads(threads)
    def new(niter):
        return faiss.Kmeans(dimension, clusters, niter=niter, seed=1, max_points_per_centroid=len(rows))
    new(1).train(rows)
    kmeans = new(iterations)
    start = time.perf_counter()
    kmeans.train(rows)
    seconds, centers = time.perf_counter() - start, kmeans.centroids
else:
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits
    with threadpool_limits(threads):
        def new(max_iter):
            return KMeans(clusters, n_init=1, max_iter=max_iter, tol=0, random_state=1, algorithm="lloyd")
        new(1).fit(rows)
        kmeans = new(iterations)
        start = time.perf_counter()
        kmeans.fit(rows)
        seconds, centers = time.perf_counter() - start, kmeans.cluster_centers_
centers.astype("<f4").tofile(path + ".centers")
print(json.dumps({"seconds": seconds}))
