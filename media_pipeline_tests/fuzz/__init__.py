"""Valid files, broken on purpose: `corpus` makes them, `elements` takes them apart, `mutate` breaks them by seed,
`oracle` says whether the platform answered as it promises. `make fuzz` goes on for as long as one likes."""
