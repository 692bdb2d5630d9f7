#include "server/metrics.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "base/printable.h"

namespace gridloom::server {

std::string metric_header(std::string_view name, std::string_view help, std::string_view type) {
  return fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, type);
}

// Each function returns a family's lines.
namespace {

std::string counter(std::string_view name, std::string_view help,
                    const hub::Counters::Count& count) {
  return metric_header(name, help, "counter") +
         fmt::format("{} {}\n", name, count.load(std::memory_order_relaxed));
}

std::string gauge(std::string_view name, std::string_view help, std::size_t value) {
  return metric_header(name, help, "gauge") + fmt::format("{} {}\n", name, value);
}

std::string open_connections(const ListenerCounts& listeners) {
  constexpr std::string_view kName = "gridloom_connections";
  std::string text = metric_header(kName, "Open connections by listener protocol", "gauge");
  for (const auto& [door, count] :
       {std::pair{"http", listeners.http}, std::pair{"mqtt", listeners.mqtt}}) {
    text += fmt::format("{}{{door=\"{}\"}} {}\n", kName, door, count);
  }
  return text;
}

std::string dropped(const hub::Counters& counters) {
  constexpr std::string_view kName = "gridloom_messages_dropped_total";
  std::string text =
      metric_header(kName, "Messages not delivered to a client, by reason", "counter");
  const std::array reasons = {std::pair{"queue full", &counters.dropped_queue_full},
                              std::pair{"expired", &counters.dropped_expired},
                              std::pair{"too large", &counters.dropped_too_large}};
  for (const auto& [reason, count] : reasons) {
    text += fmt::format("{}{{reason=\"{}\"}} {}\n", kName, reason,
                        count->load(std::memory_order_relaxed));
  }
  return text;
}

std::string client_events(const hub::ClientEvents& events) {
  constexpr std::string_view kName = "gridloom_client_events_total";
  std::string text = metric_header(
      kName, "Connections opened, closed and refused, and requests refused, by reason or code",
      "counter");
  for (const hub::ClientEvents::Count& count : events.counts()) {
    text += fmt::format("{}{{event=\"{}\",reason=\"{}\"}} {}\n", kName, name_of(count.kind),
                        label_value(count.reason), count.count);
  }
  return text;
}

std::size_t seconds_of(Millis time) {
  return static_cast<std::size_t>(std::chrono::floor<std::chrono::seconds>(time).count());
}

std::string sessions(const ListenerCounts& listeners) {
  const mqtt::SessionStore::Health& store = listeners.session_store;
  return gauge("gridloom_mqtt_sessions", "MQTT sessions, connected or parked", listeners.sessions) +
         gauge("gridloom_mqtt_sessions_waiting",
               "MQTT sessions without a connection, kept for their client",
               listeners.sessions_waiting) +
         gauge("gridloom_mqtt_sessions_failing",
               "1 while changes of MQTT sessions cannot be stored and stay in memory and in the "
               "log, else 0",
               store.failing.empty() ? 0 : 1) +
         gauge("gridloom_mqtt_sessions_failing_seconds", "How long that has been so",
               seconds_of(store.failing_for)) +
         gauge("gridloom_mqtt_sessions_unstored_bytes",
               "Bytes of changes of MQTT sessions in memory until they are stored",
               store.waiting_bytes);
}

// Only while nothing can be stored: otherwise the log is trimmed.
std::string log_lasts(const history::ArchiveHealth& archive) {
  if (!archive.log_lasts) return {};
  return gauge("gridloom_log_lasts_seconds",
               "How long the log goes on taking records that cannot be stored",
               seconds_of(*archive.log_lasts));
}

}  // namespace

std::string metrics_text(const hub::Platform& platform, const ListenerCounts& listeners,
                         const history::ArchiveHealth& archive) {
  const hub::Counters& counters = platform.counters;
  const std::initializer_list<std::string> families = {
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
      sessions(listeners),
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
      gauge("gridloom_history_failing_seconds", "How long that has been so",
            seconds_of(archive.store_failing_for)),
      log_lasts(archive),
      gauge("gridloom_history_head_bytes",
            "Bytes of reports in memory that are not yet stored as blocks", archive.head_bytes),
  };
  std::string text;
  for (const std::string& each : families) text += each;
  return text;
}

}  // namespace gridloom::server
