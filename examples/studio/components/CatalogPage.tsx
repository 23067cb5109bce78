import { CATALOG, euros } from '../catalog.ts'

/** A page of the shop's own, in the sidebar. */
export function CatalogPage() {
  return (
    <div style={{ padding: '1rem', display: 'grid', gap: '0.75rem', maxWidth: 480 }}>
      <h1 style={{ fontSize: '1rem', fontWeight: 600 }}>Catalog</h1>
      <ul style={{ display: 'grid', gap: '0.5rem' }}>
        {CATALOG.map(({ name, colour, price }) => (
          <li key={name}>
            {name}, {colour}: {euros(price)}
          </li>
        ))}
      </ul>
    </div>
  )
}
