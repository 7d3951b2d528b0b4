"""The program: read the stack, refuse what would do harm, register the deployment, export its addresses."""

import pulumi

from components import Credentials, addresses, each_problem_shown_once, load_settings, register, stop_before_harm
from logstack.manifests.deployment import deployment

with each_problem_shown_once():
    settings = load_settings()
    components = deployment(settings)
    stop_before_harm(settings, components)

    credentials = Credentials.from_config()
    register(components, credentials.secrets if credentials else {})

    for name, address in addresses(settings).items():
        pulumi.export(name, address)
