import pg from 'pg'
import { migrate } from '@agentview/migrations/migrate'
import { readFileSync } from 'node:fs'
const base='postgres://postgres@127.0.0.1:55432/'
const admin = new pg.Client(base+'postgres'); await admin.connect()
const variants: Record<string,(sql:string)=>string> = {
  cur: s=>s,
  noset: s=>s.replaceAll('set enable_sort = off set enable_seqscan = off set enable_bitmapscan = off as',' as'),
  oneset: s=>s.replaceAll('set enable_sort = off set enable_seqscan = off set enable_bitmapscan = off as','set enable_sort = off as'),
  orig: ()=>readFileSync('/tmp/store-helper/functions-orig/40_claim.sql','utf8'),
}
const conns: Record<string, any> = {}
const o='00000000-0000-0000-0000-000000000001'
for (const name of Object.keys(variants)) {
  const d='helper_'+name
  await admin.query(`drop database if exists ${d} with (force)`); await admin.query(`create database ${d}`)
  await migrate(base+d)
  const c = new pg.Client({connectionString: base+d, options: '-c enable_seqscan=off'}); await c.connect(); conns[name]=c
  await c.query(variants[name]!(readFileSync('/work/main/shared/store/functions/40_claim.sql','utf8')))
  await c.query('set synchronous_commit=off')
  await c.query(`insert into organizations (id,name,agent_signing_secret) values ('${o}','x','y');
   insert into agents (id, organization_id, name) values ('${o}','${o}','e');
   insert into agent_versions (id, organization_id, agent_id, version, definition) values ('${o}','${o}','${o}','1.0.0','{}');
   update agents set active_version_id = id;
   insert into end_users (id, organization_id, anonymous) values ('${o}','${o}', true);
   insert into workers (id,host,pid,concurrency,lease_until) values ('${o}','h',1,1,now()+interval '1 day')`)
}
const sum: Record<string, number[]> = {}
for (let i=0;i<2500;i++) for (const [name,c] of Object.entries(conns)) {
    const sid=crypto.randomUUID(), rid=crypto.randomUUID()
    await c.query({name:'a',text:'select accept_message_v1($1::jsonb) r',values:[JSON.stringify({organizationId:o,sessionId:sid,newSession:{id:sid,organizationId:o,agentId:o,endUserId:o,space:'production',handle:'x',title:null,metadata:{},anonymous:false},idempotency:null,runId:rid,itemId:crypto.randomUUID(),runType:'chat',input:{content:'hi'},metadata:{},onBusy:'enqueue',priority:0,agentVersionId:o,version:'1.0.0',deadlineMs:3600000})]})
    const t1=performance.now()
    await c.query({name:'c',text:'select claim_runs_v1($1,$2,$3) r',values:[o,[rid],1]})
    const t2=performance.now()
    await c.query({name:'e',text:'select end_run_v1($1::jsonb) r',values:[JSON.stringify({sessionId:sid,runId:rid,epoch:1,status:'completed',items:[],events:[],hasState:false,attempt:{outcome:'completed'}})]})
    if (i>300) (sum[name]??=[]).push(t2-t1)
}
for (const [n,v] of Object.entries(sum)) { v.sort((a,b)=>a-b); console.log(n, 'median', v[v.length>>1]!.toFixed(3), 'p10', v[v.length/10|0]!.toFixed(3)) }
for (const [name,c] of Object.entries(conns)) { await c.end(); await admin.query(`drop database if exists helper_${name} with (force)`) }
await admin.end()
