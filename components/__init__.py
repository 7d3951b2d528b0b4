"""What is deployed: one folder a part, pure builders beside one ComponentResource.

Builders never import pulumi and know everything at preview; a component declares what its builder lists, and decides
nothing.
"""
