// A common error's funnel (a point for each agent between its limits) and its months.
(() => {
  const data = JSON.parse(document.getElementById("training-data").textContent);
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const percent = (value) => `${+(100 * value).toFixed(value < 0.1 ? 1 : 0)}%`;
  const charts = [];
  const plot = (id, option) => {
    const place = document.getElementById(id);
    if (!place) return;
    const chart = echarts.init(place, null, { renderer: "canvas" });
    const draw = () => chart.setOption(option(), true);
    draw();
    document.addEventListener("tingjian:theme", draw);
    charts.push(chart);
  };
  const base = () => {
    const text = { color: css("--muted"), fontFamily: css("--font"), fontSize: 11 };
    const line = { lineStyle: { color: css("--line") } };
    return { text, line, all: { animation: false, textStyle: text, grid: { left: 8, right: 26, top: 44, bottom: 22, containLabel: true } } };
  };
  const funnel = () => {
    const { text, line, all } = base();
    const { limits, points, centre } = data.funnel;
    const edge = (place, dashed, width) => ({
      type: "line",
      data: limits.map((one) => [one[0], one[place]]),
      symbol: "none",
      silent: true,
      lineStyle: { color: css("--faint"), width, type: dashed ? "dashed" : "solid" },
    });
    const colours = [css("--accent"), css("--warn"), css("--fatal")];
    return {
      ...all,
      xAxis: { type: "value", name: data.words.calls, nameLocation: "middle", nameGap: 24, nameTextStyle: text, min: Math.floor(limits[0][0]), max: Math.ceil(limits[limits.length - 1][0]), axisLabel: text, axisLine: line, splitLine: { show: false } },
      yAxis: { type: "value", name: data.words.rate, nameGap: 24, nameTextStyle: { ...text, align: "left" }, axisLabel: { ...text, formatter: percent }, splitLine: line },
      series: [
        { type: "line", data: [[limits[0][0], centre], [limits[limits.length - 1][0], centre]], symbol: "none", silent: true, lineStyle: { color: css("--muted"), width: 1 } },
        edge(1, true, 1),
        edge(2, true, 1),
        edge(3, false, 1.2),
        edge(4, false, 1.2),
        {
          type: "line",
          lineStyle: { opacity: 0 },
          symbol: "circle",
          showAllSymbol: true,
          data: points.map(([calls, rate, name, out]) => ({
            value: [calls, rate],
            symbolSize: out ? 9 : 6,
            itemStyle: { color: colours[out], opacity: out ? 1 : 0.65 },
            label: { show: Boolean(name), position: "top", formatter: name, color: css("--text"), fontSize: 11 },
          })),
        },
      ],
    };
  };
  const trend = () => {
    const { text, line, all } = base();
    all.grid = { ...all.grid, top: 24, bottom: 8 };
    const { months, shares } = data.trend;
    return {
      ...all,
      xAxis: { type: "category", data: months, axisLabel: text, axisLine: line, axisTick: { show: false } },
      yAxis: { type: "value", axisLabel: { ...text, formatter: percent }, splitLine: line },
      series: [{ type: "bar", data: shares, barMaxWidth: 34, itemStyle: { color: css("--accent") }, label: { show: true, position: "top", ...text, formatter: (one) => percent(one.value) } }],
    };
  };
  if (data.funnel) plot("funnel", funnel);
  plot("trend", trend);
  window.addEventListener("resize", () => charts.forEach((chart) => chart.resize()));
})();
