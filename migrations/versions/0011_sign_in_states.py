"""Sign-ins by a directory: a state that no tenant or person stands behind yet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Say what a state is for; only one for Google has a tenant and a person."""
    op.add_column("oauth_states", sa.Column("purpose", sa.String(length=10), server_default="google", nullable=False))
    op.alter_column("oauth_states", "tenant_id", nullable=True)
    op.alter_column("oauth_states", "user_id", nullable=True)
    op.create_check_constraint(
        op.f("ck_oauth_states_owner"),
        "oauth_states",
        "purpose <> 'google' OR (tenant_id IS NOT NULL AND user_id IS NOT NULL)",
    )


def downgrade() -> None:
    """Forget the sign-ins under way: they last ten minutes."""
    op.drop_constraint(op.f("ck_oauth_states_owner"), "oauth_states", type_="check")
    op.execute("DELETE FROM oauth_states WHERE tenant_id IS NULL OR user_id IS NULL")
    op.alter_column("oauth_states", "user_id", nullable=False)
    op.alter_column("oauth_states", "tenant_id", nullable=False)
    op.drop_column("oauth_states", "purpose")
