import { Columns3 } from 'lucide-react'
import { Button } from '../../ui/Button.tsx'
import { Menu, MenuCheck } from '../../ui/Menu.tsx'
import { COLUMNS, COLUMN_IDS, type ColumnId } from './sessionsView.ts'

const CHOICES = COLUMN_IDS.filter((id) => id !== 'session')

/** Which columns are shown; a phone shows none. */
export function ColumnMenu({
  shown,
  onChange,
}: {
  shown: readonly ColumnId[]
  onChange: (columns: ColumnId[]) => void
}) {
  const toggle = (id: ColumnId, on: boolean) => {
    const columns = COLUMN_IDS.filter((each) => (each === id ? on : shown.includes(each)))
    onChange(columns)
  }
  return (
    <span className="max-md:hidden">
      <Menu
        align="end"
        trigger={
          <Button size="small" look="quiet" icon={<Columns3 className="size-3.5" />}>
            Columns
          </Button>
        }
      >
        {CHOICES.map((id) => (
          <MenuCheck key={id} checked={shown.includes(id)} onChange={(on) => toggle(id, on)}>
            {COLUMNS[id]}
          </MenuCheck>
        ))}
      </Menu>
    </span>
  )
}
