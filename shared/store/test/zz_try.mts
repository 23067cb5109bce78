import pg from 'pg'
import { migrate } from '@agentview/migrations/migrate'
import { readFileSync, readdirSync } from 'node:fs'
const base='postgres://postgres@127.0.0.1:55432/'
const admin = new pg.Client(base+'postgres'); await admin.connect()
for (const name of ['helper_orig','helper_new']) {
  await admin.query(`drop database if exists ${name} with (force)`); await admin.query(`create database ${name}`)
  await migrate(base+name)
  const c = new pg.Client({connectionString: base+name, options: name==='helper_new'?'-c enable_seqscan=off':undefined}); await c.connect()
  if (name==='helper_orig') { await c.query('drop function release_head_v1'); for (const f of readdirSync('/tmp/store-helper/functions-orig').sort()) await c.query(readFileSync('/tmp/store-helper/functions-orig/'+f,'utf8')) }
  await c.query('set synchronous_commit=off')
  await c.query(`insert into organizations (id,name,agent_signing_secret) values ('00000000-0000-0000-0000-000000000001','x','y');
   insert into agents (id, organization_id, name) values ('00000000-0000-0000-0000-000000000001','00000000-0000-0000-0000-000000000001','e');
   insert into agent_versions (id, organization_id, agent_id, version, definition) values ('00000000-0000-0000-0000-000000000001','00000000-0000-0000-0000-000000000001','00000000-0000-0000-0000-000000000001','1.0.0','{}');
   update agents set active_version_id = id;
   insert into end_users (id, organization_id, anonymous) values ('00000000-0000-0000-0000-000000000001','00000000-0000-0000-0000-000000000001', true);
   insert into workers (id,host,pid,concurrency,lease_until) values ('00000000-0000-0000-0000-000000000001','h',1,1,now()+interval '1 day')`)
  const o='00000000-0000-0000-0000-000000000001'
  let acc=0, cl=0, en=0, ap=0
  const N=3000
  for (let i=0;i<N;i++) {
    const sid=crypto.randomUUID(), rid=crypto.randomUUID()
    const t0=performance.now()
    await c.query({name:'a',text:'select accept_message_v1($1::jsonb) r',values:[JSON.stringify({organizationId:o,sessionId:sid,newSession:{id:sid,organizationId:o,agentId:o,endUserId:o,space:'production',handle:'x',title:null,metadata:{},anonymous:false},idempotency:null,runId:rid,itemId:crypto.randomUUID(),runType:'chat',input:{content:'hi'},metadata:{},onBusy:'enqueue',priority:0,agentVersionId:o,version:'1.0.0',deadlineMs:3600000})]})
    const t1=performance.now()
    const r=await c.query({name:'c',text:'select claim_runs_v1($1,$2,$3) r',values:[o,[rid],1]})
    const t2=performance.now()
    if (r.rows.length!==1) throw new Error('no claim')
    let t3=t2
    if (name==='helper_new') { const x = await c.query({name:'p',text:'select * from append_events_v1($1::jsonb)',values:[JSON.stringify([{sessionId:sid,runId:rid,epoch:1,attempt:1,events:[{type:'custom',data:{name:'a',data:1}},{type:'item.delta',data:{itemId:crypto.randomUUID(),patch:[{op:'append',path:'/content',value:'abc'}]}}]}])]}); if (x.rows.length!==1) throw new Error(); t3=performance.now() }
    await c.query({name:'e',text:'select end_run_v1($1::jsonb) r',values:[JSON.stringify({sessionId:sid,runId:rid,epoch:1,status:'completed',items:[{id:crypto.randomUUID(),itemNo:1,kind:'output',status:'complete',data:{content:'x'},createdAt:new Date().toISOString()}],events:[],hasState:false,attempt:{outcome:'completed'}})]})
    const t4=performance.now()
    if (i>500) { acc+=t1-t0; cl+=t2-t1; ap+=t3-t2; en+=t4-t3 }
  }
  const n=N-501
  console.log(name,{accept:acc/n,claim:cl/n,append:ap/n,end:en/n})
  await c.end()
}
for (const name of ['helper_orig','helper_new','helper_try']) await admin.query(`drop database if exists ${name} with (force)`)
await admin.end()
