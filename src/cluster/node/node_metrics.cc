// The metrics of a node: those of its door, of its slots and of the cluster.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "node/node_health.h"

namespace gridloom::node {
namespace {

// A slot's server has no listeners and runs no bridges, and its presence is that of the whole
// cluster.
constexpr auto kOfDoor = std::to_array<std::string_view>(
    {"gridloom_connections", "gridloom_devices_online", "gridloom_history_unknown_devices"});

// A family in Prometheus's format: its two lines of header, and its samples.
struct Family {
  std::string_view name;
  std::string_view header;
  std::vector<std::string> samples;
};

constexpr std::string_view kHelp = "# HELP ";

std::string_view take_line(std::string_view& text) {
  const std::size_t size = std::min(text.find('\n'), text.size() - 1) + 1;
  const std::string_view line = text.substr(0, size);
  text.remove_prefix(size);
  return line;
}

// NAME{a="b"} 1 or NAME 1, with one more label.
std::string with_label(std::string_view sample, std::size_t slot) {
  const std::size_t end_of_name = sample.find_first_of("{ ");
  if (end_of_name == std::string_view::npos) return std::string(sample);
  const std::string_view name = sample.substr(0, end_of_name);
  const std::string_view rest = sample.substr(end_of_name);
  return rest.starts_with('{') ? fmt::format("{}{{slot=\"{}\",{}", name, slot, rest.substr(1))
                               : fmt::format("{}{{slot=\"{}\"}}{}", name, slot, rest);
}

Family& family_of(std::vector<Family>& all, std::string_view name, std::string_view header) {
  const auto found = std::ranges::find(all, name, &Family::name);
  if (found != all.end()) return *found;
  return all.emplace_back(Family{.name = name, .header = header, .samples = {}});
}

template <typename Sample>
void add(std::vector<Family>& all, std::string_view text, Sample sample) {
  Family* family = nullptr;
  while (!text.empty()) {
    const std::string_view before = text;
    const std::string_view line = take_line(text);
    if (line.starts_with(kHelp)) {
      const std::string_view type = take_line(text);
      const std::string_view name =
          line.substr(kHelp.size(), line.find(' ', kHelp.size()) - kHelp.size());
      family = &family_of(all, name, before.substr(0, line.size() + type.size()));
    } else if (family != nullptr) {
      sample(*family, line);
    }
  }
}

std::string family_text(std::string_view name, std::string_view help, std::string_view type,
                        std::uint64_t value) {
  return fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n{0} {3}\n", name, help, type, value);
}

}  // namespace

std::string with_slots(std::string_view door,
                       const std::vector<std::pair<std::size_t, std::string>>& slots) {
  std::vector<Family> all;
  add(all, door, [](Family& family, std::string_view line) { family.samples.emplace_back(line); });
  for (const auto& [slot, text] : slots) {
    add(all, text, [slot](Family& family, std::string_view line) {
      if (std::ranges::find(kOfDoor, family.name) != kOfDoor.end()) return;
      family.samples.push_back(with_label(line, slot));
    });
  }
  std::string merged;
  for (const Family& family : all) {
    if (family.samples.empty()) continue;
    merged += family.header;
    for (const std::string& sample : family.samples) merged += sample;
  }
  return merged;
}

std::string cluster_metrics(const NodeHealth& health) {
  const auto count = [&](auto which) {
    return static_cast<std::uint64_t>(std::ranges::count_if(health.slots, which));
  };
  const auto here = count([](const SlotHealth& slot) { return slot.here.has_value(); });
  const auto unserved = count([is_known = !looks_around(health)](const SlotHealth& slot) {
    return is_known && !slot.owner.is_served;
  });
  struct Row {
    std::string_view name;
    std::string_view help;
    std::string_view type;
    std::uint64_t value = 0;
  };
  const auto rows = std::to_array<Row>({
      {"gridloom_cluster_nodes",
       "Nodes of the cluster that were heard in the last minute, and this", "gauge",
       health.member.others.size() + 1},
      {"gridloom_cluster_slots", "Slots of the cluster", "gauge", health.slots.size()},
      {"gridloom_cluster_slots_here", "Slots that this node serves", "gauge", here},
      {"gridloom_cluster_slots_unserved", "Slots that no node serves", "gauge", unserved},
      {"gridloom_cluster_owner_changes_total", "Slots that got another owner, as this node saw it",
       "counter", health.owner_changes},
      {"gridloom_cluster_relayed_connections",
       "MQTT connections here that are served where their slot is", "gauge", health.relayed},
      {"gridloom_cluster_frames_total", "Frames sent to other nodes", "counter",
       health.frames.frames},
      {"gridloom_cluster_frame_messages_total", "Messages of NATS that had these frames", "counter",
       health.frames.messages},
      {"gridloom_cluster_frame_bytes_total", "Bytes of frames sent to other nodes", "counter",
       health.frames.bytes},
      {"gridloom_cluster_stale_frames_total", "Frames of an owner of before that were left out",
       "counter", health.frames.stale},
      {"gridloom_cluster_refused_transactions_total",
       "Transactions that PostgreSQL refused this node, because a slot had another owner",
       "counter", health.refused_transactions},
      {"gridloom_cluster_unsent_beats_total", "Beats that could not be sent, as NATS was away",
       "counter", health.member.unsent_beats},
      {"gridloom_cluster_nats_connected", "1 while this node is connected with NATS, else 0",
       "gauge", health.nats.is_connected && health.log_nats.is_connected ? 1U : 0U},
      {"gridloom_cluster_database_connected",
       "1 while PostgreSQL answers questions about slots, else 0", "gauge",
       health.member.claims.since ? 0U : 1U},
  });
  std::string text;
  for (const Row& row : rows) text += family_text(row.name, row.help, row.type, row.value);
  if (here == 0) return text;
  constexpr std::string_view kLag = "gridloom_cluster_log_waiting_records";
  text += fmt::format(
      "# HELP {0} Records of a slot's log that are not all in PostgreSQL yet\n# TYPE {0} gauge\n",
      kLag);
  for (std::size_t i = 0; i < health.slots.size(); ++i) {
    const auto& slot = health.slots[i].here;
    if (!slot) continue;
    text += fmt::format("{}{{slot=\"{}\"}} {}\n", kLag, i, slot->archive.unstored_records);
  }
  return text;
}

}  // namespace gridloom::node
