"""${message}"""

from tenantry.migrations import run

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}

UP = ()

DOWN = ()


def upgrade() -> None:
    run(UP)


def downgrade() -> None:
    run(DOWN)
