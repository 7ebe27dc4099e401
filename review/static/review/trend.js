// An agent's months: the estimate as a line, its interval as a band.
(() => {
  const data = JSON.parse(document.getElementById("trend-data").textContent);
  const place = document.getElementById("trend");
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const chart = echarts.init(place, null, { renderer: "canvas" });
  const draw = () => {
    const text = { color: css("--muted"), fontFamily: css("--font") };
    const line = { lineStyle: { color: css("--line") } };
    chart.setOption(
      {
        animation: false,
        grid: { left: 48, right: 24, top: 18, bottom: 30 },
        xAxis: { type: "category", data: data.months, axisLabel: text, axisLine: line },
        yAxis: { type: "value", min: 0, max: 100, axisLabel: text, splitLine: line },
        series: [
          { type: "line", data: data.low, stack: "band", symbol: "none", lineStyle: { opacity: 0 } },
          {
            type: "line",
            name: data.words.interval,
            data: data.high.map((high, at) => (high === null ? null : high - data.low[at])),
            stack: "band",
            symbol: "none",
            lineStyle: { opacity: 0 },
            areaStyle: { color: css("--accent"), opacity: 0.18 },
          },
          {
            type: "line",
            name: data.words.value,
            data: data.values,
            symbolSize: 7,
            lineStyle: { color: css("--accent"), width: 2 },
            itemStyle: { color: css("--accent") },
            label: { show: true, ...text, formatter: (one) => (one.value === null ? "" : one.value.toFixed(1)) },
          },
        ],
      },
      true,
    );
  };
  draw();
  document.addEventListener("tingjian:theme", draw);
  window.addEventListener("resize", () => chart.resize());
})();
