// A gallery: tiles that each lead to a case, as many in a row as fit. The browser draws only the tiles in sight
// (content-visibility), and asks for a picture when its tile comes near.

const STORED = "neuroval-gallery" // width of a tile and what it shows, kept for the reader in this browser
const WIDTHS = { least: 120, most: 520, usual: 220 }
const SETTLED = 300 // milliseconds without a change, after which the server is told what is selected
const states = new WeakMap()

export default function (component) {
  const { data, parentElement, setStateValue, setTriggerValue } = component
  let grid = states.get(parentElement)
  if (!grid) {
    grid = { root: parentElement.querySelector(".gallery"), selected: new Set(), anchor: 0, ...kept() }
    states.set(parentElement, grid)
    grid.root.querySelector(".tiles").onkeydown = (event) => onKey(grid, event)
  }
  grid.select = (keys) => setStateValue("selected", keys)
  grid.open = (key) => setTriggerValue("opened", key)
  const content = JSON.stringify([data.tiles, data.words])
  if (grid.content !== content) {
    const keys = new Set(data.tiles.map((tile) => tile.key))
    const lost = [...grid.selected].filter((key) => !keys.has(key))
    lost.forEach((key) => grid.selected.delete(key))
    Object.assign(grid, { content, data })
    build(grid)
    if (lost.length) tell(grid)
  }
  draw(grid)
  if (data.focus && grid.focused !== data.focus) returned(grid, data.focus)
  grid.focused = data.focus
  return () => clearTimeout(grid.settling)
}

function kept() {
  const usual = { width: WIDTHS.usual, shown: "pair" }
  try {
    return { ...usual, ...JSON.parse(localStorage.getItem(STORED) ?? "{}") }
  } catch {
    return usual
  }
}

function keep({ width, shown }) {
  try {
    localStorage.setItem(STORED, JSON.stringify({ width, shown }))
  } catch {
    // a browser that keeps nothing starts anew each time
  }
}

function build(grid) {
  const { data, root } = grid
  const { words } = data
  const pictured = data.tiles.some((tile) => tile.pair || tile.scan)
  const mapped = data.tiles.some((tile) => tile.pair)
  if (!mapped) grid.shown = "scan"
  const modes = ["pair", "scan", "map"].map((mode) => {
    const element = named("button", "", words[mode])
    element.type = "button"
    element.onclick = () => change(grid, () => (grid.shown = mode))
    element.refresh = () => element.setAttribute("aria-pressed", String(grid.shown === mode))
    return element
  })
  const size = named("label", "size", words.size)
  const slider = Object.assign(document.createElement("input"), {
    type: "range", min: WIDTHS.least, max: WIDTHS.most, step: 20, value: grid.width,
  })
  slider.oninput = () => change(grid, () => (grid.width = Number(slider.value)))
  size.append(slider)
  const group = named("div", "group")
  group.setAttribute("role", "group")
  group.setAttribute("aria-label", words.shown)
  group.append(...modes)
  const bar = root.querySelector(".bar")
  bar.replaceChildren(...(pictured && mapped ? [group] : []), ...(pictured ? [size] : []), named("span", "count"))
  root.querySelector(".tiles").replaceChildren(...data.tiles.map((tile, place) => tileOf(grid, tile, place)))
}

function named(tag, name, text = "") {
  const element = document.createElement(tag)
  if (name) element.className = name
  if (text) element.append(text)
  return element
}

function tileOf(grid, tile, place) {
  const element = named("div", "tile")
  element.setAttribute("role", "listitem")
  const link = Object.assign(named("a", ""), { href: tile.href })
  link.tabIndex = place === grid.anchor ? 0 : -1
  const frame = named("span", "frame")
  const image = Object.assign(new Image(), { alt: tile.alt, loading: "lazy", decoding: "async" })
  image.onerror = () => frame.classList.add("missing")
  frame.append(image)
  if (!tile.scan) frame.append(named("span", "none", grid.data.words.missing))
  const caption = named("span", "caption", tile.caption)
  const line = named("span", tile.bad ? "line bad" : "line", tile.line)
  link.append(frame, caption, line)
  if (tile.review) link.append(named("span", "review", tile.review))
  link.onclick = (event) => onClick(grid, event, place)
  link.onmouseenter = link.onfocus = () => swap(grid, element, true)
  link.onmouseleave = link.onblur = () => swap(grid, element, false)
  const box = Object.assign(document.createElement("input"), { type: "checkbox", tabIndex: -1 })
  box.setAttribute("aria-label", `${grid.data.words.select} ${tile.caption}`)
  box.onclick = (event) => choose(grid, place, event.shiftKey)
  element.append(link, box)
  Object.assign(element, { tile, image, box, link })
  return element
}

const elements = (grid) => [...grid.root.querySelector(".tiles").children]

function draw(grid) {
  const { root, width, shown, selected, data } = grid
  for (const button of root.querySelectorAll(".bar button")) button.refresh?.()
  const tiles = root.querySelector(".tiles")
  tiles.style.setProperty("--width", `${width}px`)
  tiles.classList.toggle("pairs", shown === "pair")
  for (const element of elements(grid)) {
    picture(element, shown)
    element.box.checked = selected.has(element.tile.key)
    element.classList.toggle("selected", element.box.checked)
  }
  const count = root.querySelector(".count")
  if (count) count.textContent = selected.size ? data.words.selected.replace("{n}", selected.size) : ""
}

function picture({ image, tile }, shown) {
  const address = { pair: tile.pair ?? tile.scan, scan: tile.scan, map: tile.map ?? tile.scan }[shown]
  image.hidden = !address
  if (address && image.getAttribute("src") !== address) image.src = address
}

// Pointing at a scan shows its map, and at a map the scan.
function swap(grid, element, on) {
  if (grid.shown === "pair") return
  const other = grid.shown === "scan" ? "map" : "scan"
  picture(element, on ? other : grid.shown)
}

function change(grid, how) {
  how()
  keep(grid)
  draw(grid)
}

function tell(grid) {
  clearTimeout(grid.settling)
  grid.settling = setTimeout(() => grid.select([...grid.selected]), SETTLED)
}

function choose(grid, place, range) {
  const tiles = grid.data.tiles
  const key = tiles[place].key
  const on = !grid.selected.has(key)
  const [first, last] = range ? [Math.min(grid.anchor, place), Math.max(grid.anchor, place)] : [place, place]
  for (const tile of tiles.slice(first, last + 1)) grid.selected[on ? "add" : "delete"](tile.key)
  grid.anchor = place
  draw(grid)
  tell(grid)
}

function onClick(grid, event, place) {
  if (event.ctrlKey || event.metaKey || event.button) return // a new tab, as any link
  event.preventDefault()
  if (event.shiftKey) choose(grid, place, true)
  else grid.open(grid.data.tiles[place].key)
}

function onKey(grid, event) {
  const all = elements(grid)
  const here = all.findIndex((element) => element.contains(event.target))
  if (here < 0 || event.ctrlKey || event.metaKey || event.altKey) return
  const columns = Math.max(1, all.filter((element) => element.offsetTop === all[0].offsetTop).length)
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }
  const ends = { Home: 0, End: all.length - 1 }
  if (event.key in steps || event.key in ends) {
    const to = event.key in ends ? ends[event.key] : here + steps[event.key]
    if (to >= 0 && to < all.length) focus(grid, to)
  } else if (event.key === " ") choose(grid, here, event.shiftKey)
  else if (event.key.toLowerCase() === "m" && grid.shown !== "pair") {
    all[here].swapped = !all[here].swapped
    swap(grid, all[here], !all[here].swapped)
  } else return
  event.preventDefault()
  event.stopPropagation()
}

function focus(grid, place) {
  const all = elements(grid)
  all.forEach((element, index) => (element.link.tabIndex = index === place ? 0 : -1))
  grid.anchor = place
  all[place].link.focus()
  all[place].scrollIntoView({ block: "nearest" })
}

// Back from a case: the gallery stands where it was left.
function returned(grid, key) {
  const place = grid.data.tiles.findIndex((tile) => tile.key === key)
  if (place < 0) return
  focus(grid, place)
  elements(grid)[place].scrollIntoView({ block: "center" })
}
