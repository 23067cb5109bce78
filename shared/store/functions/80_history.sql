-- The newest items of a session's earlier runs, newest first, until one goes beyond either limit (it is returned as well,
-- and tells that there are more). Stops reading there: a turn costs what its agent app is sent, however long the session.
-- p_max_bytes null: no limit.
create or replace function read_history_v1(p_session_id uuid, p_before_run_no int, p_max_items int, p_max_bytes bigint)
returns table (run_no int, data jsonb, status text, bytes int) language plpgsql stable
set enable_sort = off set enable_seqscan = off as $$
declare
  v_items int := 0;
  v_bytes bigint := 0;
begin
  for run_no, data, status, bytes in
    select i.run_no, i.data, i.status, octet_length(i.data::text) from items i
      where i.session_id = p_session_id and i.run_no < p_before_run_no and not i.hidden
      order by i.run_no desc, i.item_no desc
  loop
    return next;
    v_items := v_items + 1;
    v_bytes := v_bytes + bytes;
    exit when v_items > p_max_items or v_bytes > p_max_bytes;
  end loop;
end
$$;
