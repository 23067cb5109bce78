import { pino } from 'pino'
import { createOutboundGuard } from '@shared/outbound/guard'
import { createPool } from '@shared/store/pool'
import { startDeliverySender } from '../deliverySender.ts'

/**
 * A sender in a process of its own, forked by a test that kills it. It is told what the receiver answered, and never comes
 * to say so: the statement that would is held up, and the test hears of it.
 */
const [databaseUrl, secret] = process.argv.slice(2) as [string, string]
const db = createPool({ url: databaseUrl, name: 'test sender', max: 2, onError: () => undefined })
const heldUp = new Proxy(db, {
  get(target, name) {
    if (name !== 'query') return Reflect.get(target, name, target) as unknown
    return (statement: { name: string }) => {
      if (!statement.name.startsWith('settle_deliveries')) return db.query(statement as never)
      process.send?.('settling')
      return new Promise(() => undefined)
    }
  },
})
const guard = createOutboundGuard(['127.0.0.0/8'])
startDeliverySender({ db: heldUp, log: pino({ level: 'silent' }), guard, secret })
