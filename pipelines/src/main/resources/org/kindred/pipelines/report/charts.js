(function () {
  'use strict';

  function color(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  function pairs(xs, ys) {
    return xs.map(function (x, i) { return [x, ys[i]]; });
  }

  function series(name, data, paint, more) {
    return Object.assign({
      type: 'line', name: name, data: data, color: color(paint), symbolSize: 6,
      showSymbol: data.length < 40, animation: false
    }, more);
  }

  function axis(more) {
    return Object.assign({
      type: 'value', axisLabel: {color: color('--muted'), hideOverlap: true}, nameTextStyle: {color: color('--muted')},
      axisLine: {lineStyle: {color: color('--line')}}, splitLine: {lineStyle: {color: color('--line')}}
    }, more);
  }

  function tooltip(title) {
    return {
      trigger: 'axis', axisPointer: {type: 'line'},
      backgroundColor: color('--panel'), borderColor: color('--line'), textStyle: {color: color('--text')},
      formatter: function (points) {
        return [title(points[0])].concat(points.map(function (point) {
          return point.marker + point.seriesName + ' <b>' + point.value[1] + '</b>';
        })).join('<br>');
      }
    };
  }

  var options = {
    loss: function (values) {
      var range = {min: 0, max: Math.max(1, values.step[values.step.length - 1])};
      return {
        tooltip: tooltip(function (point) {
          return 'step ' + point.value[0] + ', epoch ' + values.epoch[point.dataIndex];
        }),
        axisPointer: {link: [{xAxisIndex: 'all'}]},
        grid: [{left: 56, right: 20, top: 32, bottom: 120}, {left: 56, right: 20, height: 44, bottom: 36}],
        xAxis: [
          axis(Object.assign({gridIndex: 0, axisLabel: {show: false}, splitLine: {show: false}}, range)),
          axis(Object.assign({gridIndex: 1, name: 'step', nameLocation: 'middle', nameGap: 24, splitLine: {show: false}}, range))
        ],
        yAxis: [
          axis({gridIndex: 0, scale: true, name: 'loss', nameLocation: 'end'}),
          axis({gridIndex: 1, splitNumber: 1, name: 'learning rate', nameLocation: 'end', nameTextStyle: {color: color('--muted'), align: 'left'}})
        ],
        series: [
          series('loss', pairs(values.step, values.loss), '--accent', {lineStyle: {width: 1, opacity: 0.4}, showSymbol: false}),
          series('smoothed', pairs(values.step, values.smooth), '--accent', {lineStyle: {width: 2.5}}),
          series('learning rate', pairs(values.step, values.rate), '--second', {xAxisIndex: 1, yAxisIndex: 1, step: 'end', lineStyle: {width: 1.5}})
        ]
      };
    },
    monitor: function (values) {
      return {
        tooltip: tooltip(function (point) { return 'epoch ' + point.value[0]; }),
        grid: {left: 56, right: 20, top: 32, bottom: 36},
        xAxis: axis({name: 'epoch', nameLocation: 'middle', nameGap: 24, minInterval: 1, min: 'dataMin', max: 'dataMax', splitLine: {show: false}}),
        yAxis: axis({scale: true, name: 'accuracy', nameLocation: 'end'}),
        series: [series('kNN accuracy', pairs(values.epoch, values.accuracy), '--right', {lineStyle: {width: 2}})]
      };
    }
  };

  function draw(box) {
    var chart = echarts.getInstanceByDom(box) || echarts.init(box);
    chart.setOption(options[box.dataset.chart](JSON.parse(box.dataset.values)), true);
  }

  var boxes = Array.prototype.slice.call(document.querySelectorAll('.chart'));
  boxes.forEach(draw);
  window.addEventListener('resize', function () {
    boxes.forEach(function (box) { echarts.getInstanceByDom(box).resize(); });
  });
  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', function () { boxes.forEach(draw); });
})();
