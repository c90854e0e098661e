/** The ice, drawn: water, what is left of the floe, discs, and rings where somebody fell. */

import type { Floe } from "../contract";
import { DISC, POINT, STEP_MS } from "./ice";
import type { Place } from "./world";

/** Half the width of what is shown, in lengths of the ice. */
export const REACH = 450 * POINT;

/** How long rings are seen, in ms. */
const RINGS_MS = 900;

/** One for each that may play; the seat's number decides. */
export const COLORS = ["#d1495b", "#2e6f95", "#e09f3e", "#3f7d58", "#7d5ba6", "#c8553d", "#37718e", "#8a6d3b"];

export interface Scene {
  readonly floe: Floe;
  readonly places: ReadonlyMap<number, Place>;
  readonly own: number | null;
  readonly splashes: readonly (Place & { readonly at: number })[];
  readonly now: number;
  readonly dark: boolean;
}

export function colorOf(seat: number): string {
  return COLORS[seat % COLORS.length] ?? "#000000";
}

export function draw(canvas: HTMLCanvasElement, scene: Scene): void {
  const context = canvas.getContext("2d");
  if (context === null) return;
  const { width, height } = canvas;
  const scale = width / (2 * REACH);
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.fillStyle = scene.dark ? "#12303f" : "#7fb6c9";
  context.fillRect(0, 0, width, height);
  context.setTransform(scale, 0, 0, scale, width / 2, height / 2);
  ice(context, scene);
  for (const splash of scene.splashes) rings(context, splash, scene);
  for (const [seat, place] of scene.places) disc(context, seat, place, scene);
  countdown(context, scene);
}

function ice(context: CanvasRenderingContext2D, { floe, dark }: Scene): void {
  circle(context, { x: 0, y: 0 }, floe.radius + 10 * POINT);
  context.fillStyle = dark ? "#3f6f80" : "#b9dbe6";
  context.fill();
  circle(context, { x: 0, y: 0 }, floe.radius);
  context.fillStyle = dark ? "#cfe3ea" : "#f7fcfe";
  context.fill();
}

function disc(context: CanvasRenderingContext2D, seat: number, place: Place, { floe, own }: Scene): void {
  const player = floe.players[seat];
  context.globalAlpha = player?.away === true ? 0.45 : 1;
  circle(context, { x: place.x, y: place.y + 4 * POINT }, DISC);
  context.fillStyle = "rgb(20 40 50 / 22%)";
  context.fill();
  circle(context, place, DISC);
  context.fillStyle = colorOf(seat);
  context.fill();
  if (seat === own) {
    circle(context, place, DISC - 6 * POINT);
    context.lineWidth = 4 * POINT;
    context.strokeStyle = "#ffffff";
    context.stroke();
  }
  text(context, initials(player?.person.name ?? ""), place, 32, "#ffffff");
  context.globalAlpha = 1;
}

function rings(context: CanvasRenderingContext2D, splash: Place & { at: number }, { now }: Scene): void {
  const part = (now - splash.at) / RINGS_MS;
  if (part < 0 || part >= 1) return;
  context.lineWidth = 3 * POINT;
  context.strokeStyle = `rgb(255 255 255 / ${Math.round((1 - part) * 90)}%)`;
  for (const size of [1, 1.7]) {
    circle(context, splash, DISC * (0.5 + part * size));
    context.stroke();
  }
}

function countdown(context: CanvasRenderingContext2D, { floe }: Scene): void {
  if (floe.round.name !== "starting") return;
  const seconds = Math.ceil(((floe.round.until - floe.now) * STEP_MS) / 1_000);
  text(context, String(seconds), { x: 0, y: 0 }, 120, "#1d4354");
}

function circle(context: CanvasRenderingContext2D, { x, y }: Place, radius: number): void {
  context.beginPath();
  context.arc(x, y, Math.max(0, radius), 0, 2 * Math.PI);
}

function text(context: CanvasRenderingContext2D, some: string, { x, y }: Place, size: number, color: string): void {
  context.save();
  // Browsers do not write letters of any size: they are written in points.
  context.translate(x, y);
  context.scale(POINT, POINT);
  context.font = `700 ${size}px ui-sans-serif, system-ui, sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillStyle = color;
  context.fillText(some, 0, 0);
  context.restore();
}

function initials(name: string): string {
  const words = name.split(/\s+/).filter((word) => word !== "");
  return [words[0], words.length > 1 ? words.at(-1) : undefined].map((word) => [...(word ?? "")][0] ?? "").join("").toUpperCase();
}
