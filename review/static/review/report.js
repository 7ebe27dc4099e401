// The charts of a report: bars, lines, a Pareto, and points with their intervals, from the data in the page.
(() => {
  const charts = JSON.parse(document.getElementById("report-charts").textContent);
  const light = ["#1f5fa8", "#c26a00", "#1d6b3f", "#8a4fa8", "#b3261e", "#4d5969"];
  const dark = ["#7db4f2", "#e6a15c", "#82d3a2", "#c79be0", "#ff9d94", "#a7b2c1"];
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const written = (value, show) => {
    if (value === null || value === undefined) return "";
    if (show === "share") return `${(100 * value).toFixed(Math.abs(value) < 0.1 ? 1 : 0)}%`;
    if (show === "count") return Math.round(value).toLocaleString("en");
    if (show === "minutes") return `${Math.floor(value / 60)}:${String(Math.round(value % 60)).padStart(2, "0")}`;
    return Number(value).toFixed(1);
  };
  const options = (data) => {
    const colours = document.documentElement.dataset.theme === "dark" ? dark : light;
    const text = { color: css("--muted"), fontFamily: css("--font"), fontSize: 11 };
    const line = { lineStyle: { color: css("--line") } };
    const names = { type: "category", data: data.labels, axisLine: line, axisTick: { show: false } };
    const numbers = (show, more) => ({
      type: "value",
      axisLabel: { ...text, formatter: (value) => written(value, show) },
      splitLine: line,
      minInterval: show === "count" ? 1 : undefined,
      scale: data.kind === "intervals" || (data.kind === "lines" && data.show !== "count"),
      ...more,
    });
    const base = { animation: false, textStyle: text, grid: { left: 8, right: 18, top: 18, bottom: 8, containLabel: true } };
    if (data.kind === "intervals") {
      const [point, low, high] = data.series.map((one) => one.values);
      const thin = { type: "bar", stack: "interval", barWidth: 5, silent: true };
      return {
        ...base,
        yAxis: { ...names, inverse: true, axisLabel: { ...text, width: 130, overflow: "truncate" } },
        xAxis: numbers(data.show),
        series: [
          { ...thin, data: low, itemStyle: { color: "transparent" } },
          { ...thin, data: high.map((end, at) => end - low[at]), itemStyle: { color: colours[0], opacity: 0.35 } },
          {
            type: "line",
            data: point.map((value, at) => [value, at]),
            symbolSize: 8,
            lineStyle: { opacity: 0 },
            itemStyle: { color: colours[0] },
            label: { show: data.labels.length <= 24, position: "right", distance: 6, ...text, formatter: (one) => written(one.value[0], data.show) },
          },
        ],
      };
    }
    const turned = data.labels.length > 8 || data.labels.some((label) => label.length > 8);
    const labels = { ...text, rotate: turned ? 35 : 0, hideOverlap: true, width: 110, overflow: "truncate" };
    const one = { ...base, xAxis: { ...names, axisLabel: labels }, yAxis: numbers(data.show) };
    if (data.kind === "pareto") {
      one.yAxis = [numbers(data.show), numbers("share", { min: 0, max: 1, splitLine: { show: false } })];
    }
    one.series = data.series.map((each, at) => {
      const colour = colours[at % colours.length];
      const as_line = data.kind === "lines" || (data.kind === "pareto" && at === 1);
      return {
        name: each.name,
        data: each.values,
        type: as_line ? "line" : "bar",
        yAxisIndex: data.kind === "pareto" ? at : 0,
        itemStyle: { color: colour },
        lineStyle: { color: colour, width: 2 },
        symbolSize: 5,
        barMaxWidth: 34,
        label: { show: !as_line && data.series.length === 1 && data.labels.length <= 12, position: "top", ...text, formatter: (it) => written(it.value, data.show) },
      };
    });
    return one;
  };
  const drawn = [...document.querySelectorAll("[data-chart]")].map((place) => {
    const data = charts[place.dataset.chart];
    const chart = echarts.init(place, null, { renderer: "canvas" });
    return { chart, draw: () => chart.setOption(options(data), true) };
  });
  const draw = () => drawn.forEach((one) => one.draw());
  draw();
  document.addEventListener("tingjian:theme", draw);
  window.addEventListener("resize", () => drawn.forEach((one) => one.chart.resize()));
})();
