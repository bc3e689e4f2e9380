// The viewer of scans: pictures that lie over each other, moved, magnified and windowed together.
// It draws what `data` names and asks the server for nothing but the pictures. How it is set stays here, but for the
// opacity and the cells, which belong to the address of the page.

const FULL = { zoom: 1, x: 0, y: 0 } // of a pane: magnification, and the shift of its middle in widths of the pane
const GREY = { width: 255, level: 128 }
const MOST = 12 // times a picture is magnified
const SETTLED = 400 // milliseconds without a change, after which the address is told
const states = new WeakMap()
let viewers = 0

export default function (component) {
  const { data, parentElement, setStateValue } = component
  let viewer = states.get(parentElement)
  if (!viewer) {
    viewer = begun(parentElement, data)
    states.set(parentElement, viewer)
  }
  viewer.tell = setStateValue
  if (viewer.subject !== data.subject) {
    Object.assign(viewer, { subject: data.subject, chosen: 0, view: { ...FULL }, grey: { ...GREY }, invert: false })
    viewer.settings.opacity = data.opacity
    viewer.settings.cells = data.cells
    document.querySelector("[data-testid=stMain]")?.scrollTo(0, 0) // a case opens at its top
  }
  viewer.data = data
  const content = JSON.stringify([data.views, data.words])
  if (viewer.content !== content) {
    viewer.content = content // built again only for other pictures: a slider that is being drawn keeps its focus
    build(viewer)
  }
  draw(viewer)
  return () => clearTimeout(viewer.settling)
}

function begun(parent, data) {
  const root = parent.querySelector(".viewer")
  const viewer = {
    root,
    number: ++viewers,
    settings: { opacity: data.opacity, cells: data.cells, map: true, outline: true, beside: !narrow() },
    pointers: new Map(),
    panes: [],
  }
  const stage = root.querySelector(".stage")
  stage.onkeydown = (event) => onKey(viewer, event)
  stage.onwheel = (event) => onWheel(viewer, event)
  stage.onpointerdown = (event) => onDown(viewer, event)
  stage.onpointermove = (event) => onMove(viewer, event)
  stage.onpointerup = stage.onpointercancel = (event) => viewer.pointers.delete(event.pointerId)
  stage.ondblclick = () => change(viewer, () => (viewer.view = { ...FULL }))
  stage.oncontextmenu = (event) => event.preventDefault() // the right button sets the window
  return viewer
}

const narrow = () => matchMedia("(max-width: 640px)").matches
const limited = (value, least, most) => Math.min(most, Math.max(least, value))

// Elements -----------------------------------------------------------------------------------------------------------

function build(viewer) {
  const { data, root } = viewer
  const { words } = data
  const bar = root.querySelector(".bar")
  const choices = data.views.slice(1).map((view, place) =>
    button(view.label, { pressed: () => viewer.chosen === place, press: () => (viewer.chosen = place) }, viewer),
  )
  const chosen = () => data.views[viewer.chosen + 1] ?? data.views[0]
  const hasMaps = data.views.some((view) => view.map)
  const tools = [
    data.views.length > 1 && toggle(viewer, words.beside, "beside"),
    hasMaps && toggle(viewer, words.map, "map", "M"),
    data.views.some((view) => view.outline) && toggle(viewer, words.outline, "outline", "O"),
    hasMaps && toggle(viewer, words.cells, "cells", "", true),
    button(words.invert, { key: "I", pressed: () => viewer.invert, press: () => (viewer.invert = !viewer.invert) }, viewer),
    button(words.fit, { key: "0", press: () => Object.assign(viewer, { view: { ...FULL }, grey: { ...GREY } }) }, viewer),
  ].filter(Boolean)
  const slider = hasMaps ? opacity(viewer) : null
  bar.replaceChildren(group(choices, words.shown), group(tools, words.tools), ...(slider ? [slider] : []))
  const stage = root.querySelector(".stage")
  stage.setAttribute("aria-label", words.stage)
  viewer.panes = [pane(viewer, () => data.views[0], true), ...(data.views.length > 1 ? [pane(viewer, chosen, false)] : [])]
  stage.replaceChildren(...viewer.panes.map((shown) => shown.element))
  root.querySelector(".help").textContent = words.help
}

function group(buttons, label) {
  const element = document.createElement("div")
  element.className = "group"
  element.setAttribute("role", "group")
  element.setAttribute("aria-label", label)
  element.append(...buttons)
  element.hidden = !buttons.length
  return element
}

function button(label, { key = "", pressed = null, press }, viewer) {
  const element = document.createElement("button")
  element.type = "button"
  element.textContent = label
  if (key) {
    const shown = document.createElement("kbd")
    shown.textContent = key
    element.append(" ", shown)
    element.setAttribute("aria-keyshortcuts", key)
  }
  element.onclick = () => change(viewer, press)
  element.refresh = () => pressed && element.setAttribute("aria-pressed", String(pressed()))
  return element
}

function toggle(viewer, label, name, key = "", told = false) {
  const press = () => {
    viewer.settings[name] = !viewer.settings[name]
    if (told) tell(viewer)
  }
  return button(label, { key, pressed: () => viewer.settings[name], press }, viewer)
}

function opacity(viewer) {
  const label = document.createElement("label")
  label.className = "opacity"
  const slider = Object.assign(document.createElement("input"), { type: "range", min: 0, max: 100, step: 10 })
  slider.value = viewer.settings.opacity
  slider.oninput = () =>
    change(viewer, () => {
      viewer.settings.opacity = Number(slider.value)
      tell(viewer)
    })
  label.append(viewer.data.words.opacity, slider)
  return label
}

function pane(viewer, viewOf, plain) {
  const element = document.createElement("figure")
  const frame = document.createElement("div")
  frame.className = "frame"
  const layers = Object.fromEntries(
    ["scan", "map", "outline"].map((name) => [name, Object.assign(new Image(), { className: name, draggable: false })]),
  )
  const caption = document.createElement("figcaption")
  const reading = document.createElement("output")
  const failed = document.createElement("p")
  failed.textContent = viewer.data.words.missing
  failed.hidden = true
  layers.scan.onerror = () => (failed.hidden = false)
  layers.scan.onload = () => (failed.hidden = true)
  frame.append(layers.scan, layers.map, layers.outline, reading, failed)
  element.append(frame, caption)
  return { element, frame, layers, caption, reading, viewOf, plain }
}

// Drawing ------------------------------------------------------------------------------------------------------------

function draw(viewer) {
  const { settings, root } = viewer
  for (const element of root.querySelectorAll("button")) element.refresh?.()
  root.querySelector(".stage").classList.toggle("beside", settings.beside && viewer.panes.length > 1)
  root.querySelector(".stage").classList.toggle("magnified", viewer.view.zoom > 1)
  const filter = windowed(viewer)
  for (const shown of viewer.panes) {
    const view = shown.viewOf()
    shown.element.hidden = shown.plain && !settings.beside && viewer.panes.length > 1
    const map = view.map && settings.map ? (settings.cells ? view.cells : view.map) : null
    put(shown.layers.scan, view.scan, view.alt)
    put(shown.layers.map, map, "")
    put(shown.layers.outline, settings.outline ? view.outline : null, "")
    shown.layers.map.style.opacity = settings.opacity / 100
    shown.layers.scan.style.filter = filter
    const { zoom, x, y } = viewer.view
    for (const layer of Object.values(shown.layers)) {
      layer.style.transform = zoom > 1 ? `translate(${100 * x}%, ${100 * y}%) scale(${zoom})` : ""
    }
    shown.caption.textContent = view.caption
    shown.reading.textContent = reading(viewer)
  }
}

function put(image, address, alt) {
  image.alt = alt
  image.hidden = !address
  if (address && image.getAttribute("src") !== address) image.src = address
}

function reading({ view, grey, invert, data }) {
  const parts = []
  if (view.zoom > 1) parts.push(`${view.zoom.toFixed(1)}\u00d7`)
  if (grey.width !== GREY.width || grey.level !== GREY.level)
    parts.push(`${data.words.window} ${Math.round(grey.width)} ${data.words.level} ${Math.round(grey.level)}`)
  if (invert) parts.push(data.words.inverted)
  return parts.join("  ")
}

// Grey values from level - width/2 to level + width/2 are spread from black to white.
function windowed(viewer) {
  const { grey, invert, root, number } = viewer
  if (grey.width === GREY.width && grey.level === GREY.level && !invert) return ""
  const slope = (invert ? -1 : 1) * (255 / grey.width)
  const intercept = 0.5 - slope * (grey.level / 255)
  const transfer = root.querySelector("filter")
  transfer.id = `window-${number}`
  for (const channel of transfer.querySelectorAll("feFuncR, feFuncG, feFuncB")) {
    channel.setAttribute("slope", slope)
    channel.setAttribute("intercept", intercept)
  }
  return `url(#${transfer.id})`
}

function change(viewer, how) {
  how()
  draw(viewer)
}

function tell(viewer) {
  clearTimeout(viewer.settling)
  const { opacity, cells } = viewer.settings
  viewer.settling = setTimeout(() => viewer.tell("settings", { opacity, cells }), SETTLED)
}

// Keys and pointers --------------------------------------------------------------------------------------------------

function onKey(viewer, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return
  const key = event.key.toLowerCase()
  const { settings, view } = viewer
  const step = 0.1
  const moves = { arrowleft: [step, 0], arrowright: [-step, 0], arrowup: [0, step], arrowdown: [0, -step] }
  let how
  if (key === "m") how = () => (settings.map = !settings.map)
  else if (key === "o") how = () => (settings.outline = !settings.outline)
  else if (key === "i") how = () => (viewer.invert = !viewer.invert)
  else if (key === "0") how = () => Object.assign(viewer, { view: { ...FULL }, grey: { ...GREY } })
  else if (/^[1-9]$/.test(key)) how = () => magnify(viewer, Number(key), 0, 0)
  else if (key === "+" || key === "=") how = () => magnify(viewer, view.zoom * 1.25, 0, 0)
  else if (key === "-") how = () => magnify(viewer, view.zoom / 1.25, 0, 0)
  else if (moves[key] && view.zoom > 1) how = () => shift(viewer, ...moves[key])
  else return
  event.preventDefault()
  event.stopPropagation() // the page has keys of its own
  change(viewer, how)
}

function onWheel(viewer, event) {
  const held = event.ctrlKey || event.metaKey || viewer.root.querySelector(".stage").matches(":focus, :focus-within")
  if (!held) return // the page scrolls
  event.preventDefault()
  const [x, y] = within(event)
  change(viewer, () => magnify(viewer, viewer.view.zoom * Math.exp(-event.deltaY / 400), x, y))
}

function onDown(viewer, event) {
  if (event.target.closest("a, button")) return
  viewer.pointers.set(event.pointerId, { x: event.clientX, y: event.clientY, button: event.button, shift: event.shiftKey })
  event.currentTarget.setPointerCapture(event.pointerId)
  event.currentTarget.focus({ preventScroll: true })
}

function onMove(viewer, event) {
  const last = viewer.pointers.get(event.pointerId)
  if (!last) return
  const others = [...viewer.pointers].filter(([id]) => id !== event.pointerId).map(([, pointer]) => pointer)
  const [right, down] = [event.clientX - last.x, event.clientY - last.y]
  const side = sideOf(viewer)
  change(viewer, () => {
    if (others.length) {
      const before = Math.hypot(last.x - others[0].x, last.y - others[0].y)
      const after = Math.hypot(event.clientX - others[0].x, event.clientY - others[0].y)
      const [x, y] = within(event)
      if (before) magnify(viewer, (viewer.view.zoom * after) / before, x, y)
    } else if (last.button === 2 || last.shift || (viewer.view.zoom === 1 && event.pointerType !== "touch")) {
      const { grey } = viewer
      grey.width = limited(grey.width + right, 1, 512)
      grey.level = limited(grey.level + down, 0, 255)
    } else shift(viewer, right / side, down / side)
  })
  viewer.pointers.set(event.pointerId, { ...last, x: event.clientX, y: event.clientY })
}

// Where a pointer is in its pane, from its middle, in widths of the pane.
function within(event) {
  const frame = event.target.closest?.(".frame")
  if (!frame) return [0, 0]
  const box = frame.getBoundingClientRect()
  return [(event.clientX - box.left) / box.width - 0.5, (event.clientY - box.top) / box.height - 0.5]
}

function sideOf(viewer) {
  const shown = viewer.panes.find((pane) => !pane.element.hidden)
  return shown?.frame.clientWidth || 1
}

function magnify(viewer, zoom, x, y) {
  const { view } = viewer
  const next = limited(zoom, 1, MOST)
  view.x = x - ((x - view.x) * next) / view.zoom // what is under the pointer stays there
  view.y = y - ((y - view.y) * next) / view.zoom
  view.zoom = next
  shift(viewer, 0, 0)
}

function shift(viewer, right, down) {
  const { view } = viewer
  const most = (view.zoom - 1) / 2 // no black beyond the picture is moved in
  view.x = limited(view.x + right, -most, most)
  view.y = limited(view.y + down, -most, most)
}
