import { Suspense } from 'react'
import type { Run, Session } from '@shared/domain/objects'
import { useConfig } from '../../config/configContext.ts'
import { findAgent, findDisplay, findRunType } from '../../config/findDisplay.ts'
import { Boundary } from '../../ui/Boundary.tsx'
import { JsonItem } from './items/JsonItem.tsx'
import { Message } from './items/Message.tsx'
import { Reasoning } from './items/Reasoning.tsx'
import { ToolCall } from './items/ToolCall.tsx'
import type { Row } from './rows.ts'

export type ItemRow = Exclude<Row, { kind: 'run' } | { kind: 'end' }>

/** An item by the config's component, else by the stock one. A component that breaks is replaced, and only it. */
export function RowView({ row, run, session }: { row: ItemRow; run: Run | undefined; session: Session }) {
  const config = useConfig()
  const runType = findRunType(findAgent(config, session.agent), run)
  const Display = findDisplay(runType, row.item)
  const stock = <StockRow row={row} isLive={run?.status === 'running'} />
  if (!Display) return stock
  const result = row.kind === 'call' ? row.result : undefined
  const ResultDisplay = result && findDisplay(runType, result)
  const props = { run, session }
  return (
    <Boundary
      resetKey={JSON.stringify(row.item.data).length.toString()}
      fallback={(error) => (
        <div className="grid gap-2">
          <p role="alert" className="rounded-md bg-bad-soft px-3 py-2 text-xs text-bad">
            This item’s component of your config broke: {error instanceof Error ? error.message : String(error)}
          </p>
          {stock}
        </div>
      )}
    >
      <Suspense fallback={null}>
        <Display data={row.item.data} item={row.item} result={result} {...props} />
        {result && ResultDisplay && <ResultDisplay data={result.data} item={result} {...props} />}
      </Suspense>
    </Boundary>
  )
}

function StockRow({ row, isLive }: { row: ItemRow; isLive: boolean }) {
  switch (row.kind) {
    case 'message':
      return <Message role={row.role} text={row.text} item={row.item} />
    case 'reasoning':
      return <Reasoning text={row.text} item={row.item} />
    case 'call':
      return <ToolCall name={row.name} call={row.item} result={row.result} isLive={isLive} />
    case 'json':
      return <JsonItem item={row.item} />
  }
}
