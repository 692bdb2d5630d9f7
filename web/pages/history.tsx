export function HistoryPage() { return <p>history</p>; }
