import type { Knex } from 'knex'

/**
 * People who log in, the organizations that they are members of, and what they have changed.
 *
 * `users`, `accounts` and `login_sessions` are what better-auth keeps (services/admin/login maps its names to these); all
 * others are ours. A member who is removed keeps his row: comments, scores and the audit log name their authors.
 * Deliberate absences: the audit log refers to nothing by foreign keys, since it outlives what it tells of.
 */
const PEOPLE = `
create table users (
  id uuid primary key,
  -- in small letters
  email text not null unique check (email = lower(email)),
  email_verified boolean not null default false,
  name text not null,
  image text,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp()
);

-- by what a user proves who he is; the provider 'credential' is a password
create table accounts (
  id uuid primary key,
  user_id uuid not null references users on delete cascade,
  provider_id text not null,
  account_id text not null,
  -- argon2id
  password text,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  unique (provider_id, account_id)
);
create index accounts_user on accounts (user_id);

create table login_sessions (
  id uuid primary key,
  user_id uuid not null references users on delete cascade,
  -- SHA-256 of what is in the cookie, as hexadecimal text
  token_hash text not null unique,
  expires_at timestamptz not null,
  ip_address text,
  user_agent text,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp()
);
create index login_sessions_user on login_sessions (user_id);

create table members (
  id uuid primary key,
  organization_id uuid not null references organizations on delete cascade,
  user_id uuid not null references users,
  role text not null check (role in ('owner', 'admin', 'reviewer', 'viewer')),
  -- sessions that have not changed since count as seen, without a row for each
  caught_up_at timestamptz not null default clock_timestamp(),
  created_at timestamptz not null default clock_timestamp(),
  removed_at timestamptz,
  unique (organization_id, user_id)
);
create index members_user on members (user_id);

create table invitations (
  id uuid primary key,
  organization_id uuid not null references organizations on delete cascade,
  email text not null,
  role text not null check (role in ('owner', 'admin', 'reviewer', 'viewer')),
  -- SHA-256: the token has 256 random bits
  token_hash bytea not null unique,
  invited_by uuid not null references members on delete cascade,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null,
  accepted_at timestamptz,
  revoked_at timestamptz
);
create index invitations_organization on invitations (organization_id, id);

create table audit_log (
  id uuid primary key,
  organization_id uuid not null,
  at timestamptz not null default clock_timestamp(),
  -- null: the server itself, or its operator
  member_id uuid,
  action text not null,
  target text not null,
  details jsonb not null default '{}',
  request_id text not null,
  address text
);
create index audit_log_organization on audit_log (organization_id, id);
create index audit_log_member on audit_log (member_id, id);
create index audit_log_target on audit_log (organization_id, target, id);

alter table api_keys add column last_used_at timestamptz;
`

export async function up(knex: Knex): Promise<void> {
  await knex.raw(PEOPLE)
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    alter table api_keys drop column last_used_at;
    drop table audit_log, invitations, members, login_sessions, accounts, users;
  `)
}
