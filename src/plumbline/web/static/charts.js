// Draws pictures of the numbers that stand beside them: <div data-chart="trend" data-of="id-of-the-numbers">.
// Colours come from the page's own, so that both themes and a wall's screen need nothing else. Words in a
// picture are drawn on its canvas: no markup is made, as the content security policy wants it.
(function () {
  "use strict";
  var drawn = [];

  function colour(element, name) {
    return getComputedStyle(element).getPropertyValue("--" + name).trim();
  }

  function look(element) {
    var scale = element.closest(".wall") ? Math.max(1, Math.min(1.7, innerWidth / 1500)) : 1;
    return {
      ink: colour(element, "ink"), soft: colour(element, "ink-3"), line: colour(element, "line"),
      card: colour(element, "card"), brand: colour(element, "brand"), seal: colour(element, "seal"),
      red: colour(element, "bar-red"), yellow: colour(element, "bar-yellow"), blue: colour(element, "bar-blue"),
      green: colour(element, "green"), grey: colour(element, "grey"),
      tint: colour(element, "brand-tint"), size: Math.round(12 * scale),
    };
  }

  function tip(with_) {
    return {
      trigger: "axis", renderMode: "richText", confine: true, backgroundColor: with_.card,
      borderColor: with_.line, textStyle: { color: with_.ink, fontSize: with_.size },
    };
  }

  function frame(with_, more) {
    return Object.assign({
      animation: false,
      textStyle: { color: with_.soft, fontSize: with_.size, fontFamily: getComputedStyle(document.body).fontFamily },
      grid: { left: 8, right: 8, top: 38, bottom: 8, containLabel: true },
      tooltip: tip(with_),
    }, more);
  }

  function axis(with_, more) {
    return Object.assign({
      axisLine: { lineStyle: { color: with_.line } }, axisTick: { show: false },
      axisLabel: { color: with_.soft, fontSize: with_.size, hideOverlap: true },
      splitLine: { lineStyle: { color: with_.line } },
    }, more);
  }

  function legend(with_) {
    return { right: 8, top: 6, itemWidth: 12, itemHeight: 8, textStyle: { color: with_.soft, fontSize: with_.size } };
  }

  var kinds = {
    trend: function (told, with_) {
      var fill = { red: with_.red, yellow: with_.yellow, blue: with_.blue };
      var series = told.levels.map(function (each) {
        return {
          name: each.name, type: "bar", stack: "n", barMaxWidth: 26, data: each.n,
          itemStyle: { color: fill[each.level], borderColor: with_.card, borderWidth: 0.5 },
        };
      });
      if (told.rate) {
        series.push({
          name: told.rate.name, type: "line", yAxisIndex: 1, data: told.rate.n, symbolSize: 5,
          lineStyle: { color: with_.green, width: 2 }, itemStyle: { color: with_.green },
          tooltip: { valueFormatter: function (value) { return value === null || value === undefined ? "–" : value + "%"; } },
        });
      }
      return frame(with_, {
        legend: legend(with_),
        xAxis: axis(with_, { type: "category", data: told.months, splitLine: { show: false } }),
        yAxis: [axis(with_, { type: "value", minInterval: 1 })].concat(told.rate ? [axis(with_, {
          type: "value", min: 0, max: 100, splitLine: { show: false },
          axisLabel: { color: with_.soft, fontSize: with_.size, formatter: "{value}%" },
        })] : []),
        series: series,
      });
    },
    map: function (told, with_, name) {
      var data = Object.keys(told).map(function (code) {
        return { name: code, value: told[code].n, label: told[code].name, url: told[code].url };
      });
      var most = Math.max.apply(null, data.map(function (each) { return each.value; }).concat([1]));
      return {
        animation: false,
        tooltip: Object.assign(tip(with_), { trigger: "item", formatter: function (at) {
          return at.data ? at.data.label + "  " + at.data.value.toLocaleString() : "";
        } }),
        visualMap: { min: 0, max: most, left: 10, bottom: 10, calculable: false, itemHeight: 80,
          inRange: { color: [with_.tint, with_.brand] }, textStyle: { color: with_.soft } },
        series: [{ type: "map", map: name, roam: false, data: data, selectedMode: false,
          label: { show: true, color: with_.ink, fontSize: with_.size, formatter: function (at) { return at.data ? at.data.label : ""; } },
          itemStyle: { borderColor: with_.card }, emphasis: { label: { color: with_.ink }, itemStyle: { areaColor: with_.yellow } } }],
      };
    },
  };

  function draw(element) {
    var numbers = document.getElementById(element.dataset.of);
    if (!window.echarts || !numbers || !kinds[element.dataset.chart]) { return; }
    var told = JSON.parse(numbers.textContent);
    var chart = echarts.getInstanceByDom(element) || echarts.init(element, null, { renderer: "canvas" });
    function show(name) { chart.setOption(kinds[element.dataset.chart](told, look(element), name), true); }
    if (element.dataset.map) {
      fetch(element.dataset.map, { credentials: "same-origin" }).then(function (answer) {
        if (!answer.ok) { throw new Error(answer.status); }
        return answer.json();
      }).then(function (shapes) {
        echarts.registerMap("office", shapes); show("office");
      }).catch(function () { chart.dispose(); element.hidden = true; });
    } else { show(); }
    chart.off("click");
    chart.on("click", function (at) {
      var url = at.data && at.data.url || told.urls && told.urls[at.dataIndex];
      if (url) { location.href = url; }
    });
    if (drawn.indexOf(element) < 0) { drawn.push(element); }
  }

  function all() {
    drawn = drawn.filter(function (element) {
      if (document.contains(element)) { return true; }
      var gone = window.echarts && echarts.getInstanceByDom(element);
      if (gone) { gone.dispose(); }
      return false;
    });
    document.querySelectorAll("[data-chart]").forEach(draw);
  }

  document.addEventListener("DOMContentLoaded", all);
  document.addEventListener("htmx:afterSwap", all);
  new MutationObserver(all).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  addEventListener("resize", function () {
    drawn.forEach(function (element) {
      var chart = echarts.getInstanceByDom(element);
      if (chart) { chart.resize(); }
    });
  });
  // A screen on a wall asks by itself, which keeps nobody's session open, and says when it gets no answer.
  document.addEventListener("htmx:configRequest", function (event) {
    if (event.target.closest && event.target.closest("[data-by-itself]")) { event.detail.headers["Plumbline-By-Itself"] = "yes"; }
  });
  function lost(is) {
    return function () {
      var told = document.querySelector(".wall-lost");
      if (told) { told.hidden = !is; }
    };
  }
  ["htmx:sendError", "htmx:responseError", "htmx:timeout"].forEach(function (name) { document.addEventListener(name, lost(true)); });
  document.addEventListener("htmx:afterOnLoad", lost(false));
})();
