"""Several machines: a search whose states are spread over the workers of a Ray cluster."""

from attorn.checker.explore.cluster.connection import connected, gathered
from attorn.checker.explore.cluster.frontier import OnCluster

__all__ = ["OnCluster", "connected", "gathered"]
