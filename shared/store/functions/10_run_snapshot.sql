-- A run as events and readers get it (ids still UUIDs; shared/store/render.ts makes the wire's shape).
create or replace function run_json_v1(r runs, p_attempts jsonb) returns jsonb language sql stable as $$
  select jsonb_build_object(
    'id', r.id, 'sessionId', r.session_id, 'runNo', r.run_no, 'type', r.type, 'status', r.status, 'leg', r.leg,
    'version', r.version, 'retryOf', r.retry_of, 'metadata', r.metadata, 'error', r.error, 'usage', r.usage,
    'pause', r.pause, 'createdAt', r.created_at, 'endedAt', r.ended_at, 'attempts', p_attempts
  )
$$;

create or replace function attempt_json_v1(p_attempt attempts, p_accepted_at timestamptz) returns jsonb language sql stable as $$
  select jsonb_build_object(
    'attempt', p_attempt.attempt, 'leg', p_attempt.leg, 'outcome', p_attempt.outcome, 'error', p_attempt.error,
    'reportedVersion', p_attempt.reported_version, 'acceptedAt', p_accepted_at, 'queuedAt', p_attempt.queued_at,
    'claimedAt', p_attempt.claimed_at, 'firstByteAt', p_attempt.first_byte_at, 'firstDeltaAt', p_attempt.first_delta_at,
    'endedAt', p_attempt.ended_at, 'requestBytes', p_attempt.request_bytes, 'requestSha256', p_attempt.request_sha256,
    'responseStatus', p_attempt.response_status, 'responseBytes', p_attempt.response_bytes,
    'responseTruncated', p_attempt.response_truncated)
$$;

-- The same read from the tables. STABLE: inside a transition it is called in a statement of its own, after the changes that
-- it shall show. Transitions of many runs make it of what they have in hand instead.
create or replace function run_snapshot_v1(p_run_id uuid) returns jsonb language sql stable as $$
  select run_json_v1(r, coalesce((
    select jsonb_agg(attempt_json_v1(a, r.created_at) order by a.attempt) from attempts a where a.run_id = r.id), '[]'))
  from runs r where r.id = p_run_id
$$;

-- A session without items, as events and readers get it.
create or replace function session_snapshot_v1(p_session_id uuid) returns jsonb language sql stable as $$
  select jsonb_build_object(
    'id', s.id, 'handle', s.handle, 'agent', a.name, 'endUserId', s.end_user_id, 'space', s.space, 'title', s.title,
    'metadata', s.metadata, 'state', s.state, 'version', coalesce(s.version, v.version), 'lastSeq', h.last_seq,
    'createdAt', s.created_at, 'updatedAt', s.updated_at
  )
  from sessions s
  join session_heads h on h.session_id = s.id
  join agents a on a.id = s.agent_id
  left join agent_versions v on v.id = a.active_version_id
  where s.id = p_session_id
$$;
