import { ShoppingBag } from './components/ShoppingBag.tsx'
import { CatalogPage } from './components/CatalogPage.tsx'
import { FitScore } from './components/FitScore.tsx'
import { ProductCard } from './components/ProductCard.tsx'

const product = {
  type: 'object',
  properties: {
    type: { const: 'product' },
    name: { type: 'string' },
    colour: { type: 'string' },
    price: { type: 'integer', minimum: 0 },
  },
  required: ['type', 'name', 'colour', 'price'],
}
const message = {
  type: 'object',
  properties: { type: { const: 'message' }, role: { const: 'assistant' }, content: { type: 'string' } },
  required: ['type', 'role', 'content'],
}

// In a project of its own: `export default defineConfig({ … })`, from 'agentview/defineConfig'.
export default {
  agents: [
    {
      name: 'shop',
      title: 'Shop assistant',
      url: 'http://127.0.0.1:4105/',
      version: '1.0.0',
      runs: [
        {
          type: 'chat',
          steps: [{ schema: product, displayComponent: ProductCard }],
          output: {
            schema: message,
            scores: [
              { name: 'like', kind: 'like', schema: { enum: ['up', 'down'] } },
              {
                name: 'fit',
                title: 'Fit',
                kind: 'fit',
                schema: { enum: ['too small', 'right', 'too big'] },
                inputComponent: FitScore,
              },
            ],
          },
        },
      ],
    },
  ],
  pages: [{ path: 'catalog', title: 'Catalog', icon: ShoppingBag, component: CatalogPage }],
  theme: { accent: 'light-dark(#0b6e4f, #6fdcb4)', 'accent-fill': '#0b6e4f', 'accent-fill-hover': '#095c42' },
}
