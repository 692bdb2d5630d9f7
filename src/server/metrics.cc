#include "server/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

namespace gridloom::server {
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

MetricFamily open_connections(const ListenerCounts& listeners) {
  MetricFamily metric =
      family("gridloom_connections", "Open connections by listener protocol", MetricType::Gauge);
  for (const auto& [door, count] :
       {std::pair{"http", listeners.http}, std::pair{"mqtt", listeners.mqtt}}) {
    ClientMetric& of_door = metric.metric.emplace_back();
    of_door.label.push_back({"door", door});
    of_door.gauge.value = static_cast<double>(count);
  }
  return metric;
}

MetricFamily dropped(const hub::Counters& counters) {
  MetricFamily metric =
      family("gridloom_messages_dropped_total", "Messages not delivered to a client, by reason",
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
             "Connections opened, closed and refused, and requests refused, by reason or code",
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

std::string metrics_text(const hub::Platform& platform, const ListenerCounts& listeners,
                         const history::ArchiveHealth& archive) {
  const hub::Counters& counters = platform.counters;
  return prometheus::TextSerializer{}.Serialize({
      counter("gridloom_reports_total", "Reports received from devices", counters.reports),
      counter("gridloom_report_bytes_total", "Payload bytes of reports received from devices",
              counters.report_bytes),
      counter("gridloom_reports_malformed_total",
              "Reports refused because they are not a JSON object within the limits",
              counters.reports_malformed),
      counter("gridloom_quotas_refused_total",
              "Quotas not kept because a device exceeded device.extra-quotas or device.extra-bytes",
              counters.quotas_refused),
      counter("gridloom_sets_total", "Sets requested by apps, over HTTP and MQTT", counters.sets),
      counter("gridloom_sets_failed_total", "Sets that were refused or not answered in time",
              counters.sets_failed),
      counter("gridloom_reads_total", "Reads of current quotas, over HTTP and MQTT",
              counters.reads),
      counter("gridloom_deliveries_total", "Messages delivered to subscribers",
              counters.deliveries),
      dropped(counters),
      client_events(platform.client_events),
      gauge("gridloom_mqtt_sessions", "MQTT sessions, connected or parked", listeners.sessions),
      gauge("gridloom_mqtt_sessions_waiting",
            "MQTT sessions without a connection, kept for their client",
            listeners.sessions_waiting),
      gauge("gridloom_devices_online", "Devices that are connected", platform.presence.count()),
      open_connections(listeners),
      gauge("gridloom_log_bytes", "Bytes of log segments on disk", archive.log_bytes),
      gauge("gridloom_log_waiting_bytes",
            "Bytes of records appended to the log but not yet synced to disk",
            archive.log_waiting_bytes),
      gauge("gridloom_log_failing",
            "1 while the log cannot be written and nothing is acknowledged, else 0",
            archive.log.failing ? 1 : 0),
      gauge("gridloom_log_damaged_bytes",
            "Bytes of the log that could not be read and were set aside",
            archive.log.damaged_bytes),
      gauge("gridloom_damage_notes",
            "Losses and damages of the data folder that were found and not yet accepted",
            archive.damage.size()),
      gauge("gridloom_history_unknown_devices",
            "Devices with history that are missing from the registry", archive.unknown_devices),
      gauge("gridloom_history_damaged_rows",
            "Damaged rows of history.db found since the start; answers leave them out",
            archive.damaged_rows),
      gauge("gridloom_history_failing",
            "1 while blocks cannot be stored and the log keeps their reports, else 0",
            archive.store_failing.empty() ? 0 : 1),
      gauge("gridloom_history_head_bytes",
            "Bytes of reports in memory that are not yet stored as blocks", archive.head_bytes),
  });
}

}  // namespace gridloom::server
