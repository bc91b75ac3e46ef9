/** The app shell (placeholder until the router lands). */
export function App() {
  return <main>samweb</main>;
}
