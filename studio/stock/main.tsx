import { renderStudio } from '../index.ts'

renderStudio(document.getElementById('root')!, { agents: [] })
