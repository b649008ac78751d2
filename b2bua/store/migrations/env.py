"""What alembic runs: the migrations, in the transaction of whoever brings the store up to date."""

from alembic import context

from b2bua.store.schema import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
