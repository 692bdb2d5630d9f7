#include "app/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

namespace gridloom::app {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily family(std::string name, std::string help, MetricType type) {
  return {std::move(name), std::move(help), type, {}};
}

MetricFamily counter(std::string name, std::string help, const hub::Counters::Count& count) {
  MetricFamily metric = family(std::move(name), std::move(help), MetricType::Counter);
  metric.metric.emplace_back().counter.value =
      static_cast<double>(count.load(std::memory_order_relaxed));
  return metric;
}

MetricFamily gauge(std::string name, std::string help, std::size_t value) {
  MetricFamily metric = family(std::move(name), std::move(help), MetricType::Gauge);
  metric.metric.emplace_back().gauge.value = static_cast<double>(value);
  return metric;
}

MetricFamily open_connections(const DoorCounts& doors) {
  MetricFamily metric =
      family("gridloom_connections", "Open connections by door", MetricType::Gauge);
  for (const auto& [door, count] : {std::pair{"http", doors.http}, std::pair{"mqtt", doors.mqtt}}) {
    ClientMetric& of_door = metric.metric.emplace_back();
    of_door.label.push_back({"door", door});
    of_door.gauge.value = static_cast<double>(count);
  }
  return metric;
}

MetricFamily dropped(const hub::Counters& counters) {
  MetricFamily metric =
      family("gridloom_messages_dropped_total", "Messages that a client was to get and did not",
             MetricType::Counter);
  const std::array reasons = {std::pair{"queue full", &counters.dropped_queue_full},
                              std::pair{"expired", &counters.dropped_expired},
                              std::pair{"too large", &counters.dropped_too_large}};
  for (const auto& [reason, count] : reasons) {
    ClientMetric& of_reason = metric.metric.emplace_back();
    of_reason.label.push_back({"reason", reason});
    of_reason.counter.value = static_cast<double>(count->load(std::memory_order_relaxed));
  }
  return metric;
}

MetricFamily client_events(const hub::ClientEvents& events) {
  MetricFamily metric =
      family("gridloom_client_events_total",
             "Clients that came and went, and what was refused to them, by reason or code",
             MetricType::Counter);
  for (const hub::ClientEvents::Count& count : events.counts()) {
    ClientMetric& of_reason = metric.metric.emplace_back();
    of_reason.label.push_back({"event", std::string(name_of(count.kind))});
    of_reason.label.push_back({"reason", count.reason});
    of_reason.counter.value = static_cast<double>(count.count);
  }
  return metric;
}

}  // namespace

std::string metrics_text(const hub::Platform& platform, const DoorCounts& doors,
                         const history::ArchiveHealth& archive) {
  const hub::Counters& counters = platform.counters;
  return prometheus::TextSerializer{}.Serialize({
      counter("gridloom_reports_total", "Reports that devices sent", counters.reports),
      counter("gridloom_report_bytes_total", "Their bytes", counters.report_bytes),
      counter("gridloom_reports_malformed_total", "Reports that were no JSON object",
              counters.reports_malformed),
      counter("gridloom_quotas_refused_total", "Quotas beyond a device's limit",
              counters.quotas_refused),
      counter("gridloom_sets_total", "Sets asked for", counters.sets),
      counter("gridloom_sets_failed_total", "Sets refused, or not answered in time",
              counters.sets_failed),
      counter("gridloom_reads_total", "Reads of quotas", counters.reads),
      counter("gridloom_deliveries_total", "Messages handed to subscribers", counters.deliveries),
      dropped(counters),
      client_events(platform.client_events),
      gauge("gridloom_mqtt_sessions", "MQTT sessions, connected or waiting for their client",
            doors.sessions),
      gauge("gridloom_mqtt_sessions_waiting", "Of these, those that wait for their client",
            doors.sessions_waiting),
      gauge("gridloom_devices_online", "Connected devices", platform.presence.count()),
      open_connections(doors),
      gauge("gridloom_log_bytes", "Of the log on disk", archive.log_bytes),
      gauge("gridloom_log_waiting_bytes", "Of records that are not yet on disk",
            archive.log_waiting_bytes),
      gauge("gridloom_log_failing", "1: the disk refuses the log, nothing is acknowledged",
            archive.log.failing ? 1 : 0),
      gauge("gridloom_log_damaged_bytes", "Of the log, set aside because they could not be read",
            archive.log.damaged_bytes),
      gauge("gridloom_damage_notes",
            "Known losses and damages of the data folder that nobody has accepted yet",
            archive.damage.size()),
      gauge("gridloom_history_unknown_devices",
            "Devices that history has and the registry does not", archive.unknown_devices),
      gauge("gridloom_history_damaged_rows",
            "Rows of history.db found damaged since the start; they are left out of answers",
            archive.damaged_rows),
      gauge("gridloom_history_failing", "1: blocks cannot be stored, the log keeps what they hold",
            archive.store_failing.empty() ? 0 : 1),
      gauge("gridloom_history_head_bytes", "Of reports in memory that are not yet blocks",
            archive.head_bytes),
  });
}

}  // namespace gridloom::app
