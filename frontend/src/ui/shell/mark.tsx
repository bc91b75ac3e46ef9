/** The mark: a mask's outline around a prompt point. */
export function Mark({ size = 20 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 24 24" fill="none" aria-hidden>
      <path
        d="M12 2.5c5 0 9 2.2 9 7.4 0 3.6-2.2 4.3-2.6 7-.4 3-2.700 4.600-6.400 4.600-5.200 0-9-3.800-9-9.700C3 6.500 6.800 2.500 12 2.500Z"
        fill="var(--accent)"
        fillOpacity="0.35"
        stroke="var(--accent)"
        strokeWidth="1.75"
      />
      <path d="M12 8.500v7M8.500 12h7" stroke="var(--text)" strokeWidth="2" strokeLinecap="round" />
    </svg>
  );
}
