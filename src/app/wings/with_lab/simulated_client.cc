// Asks a server for devices that exist only in simulation (app/operations/kinds.h), and for its
// address.
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "app/control/admin_client.h"
#include "app/operations/kinds.h"
#include "base/read_file.h"
#include "wire/json.h"
#include "with_lab/last_states.h"
#include "with_lab/simulate.h"

namespace gridloom::app {
namespace {

using wire::Json;
using wire::JsonArray;

constexpr std::size_t kMaxReady = 65'536;  // bytes of ready.json

}  // namespace

Result<Simulated> simulated_at(const std::filesystem::path& data_folder, const Groups& groups,
                               const std::filesystem::path& device_files) {
  Simulated all;
  for (const auto& [family, devices] : groups) {
    const auto total = static_cast<std::int64_t>(devices);
    for (std::int64_t first = 1; first <= total; first += operations::kMaxSimulatedAtOnce) {
      GL_TRY(const auto answer,
             ask_admin(data_folder,
                       {{"op", "device.simulated"},
                        {"family", family->id},
                        {"first", first},
                        {"count", std::min(operations::kMaxSimulatedAtOnce, total - first + 1)}},
                       device_files));
      all.gateway_key = Secret(std::string(wire::text_in(answer, "gatewayKey")));
      const Json* rows = wire::member(answer, "devices");
      if (rows == nullptr || !rows->is_array()) continue;
      for (const Json& row : rows->get_array()) {
        all.members.push_back({.family = family,
                               .sn = std::string(wire::text_in(row, "sn")),
                               .key = Secret(std::string(wire::text_in(row, "key")))});
      }
    }
  }
  return all;
}

Result<std::vector<Secret>> simulated_keys(const std::filesystem::path& data_folder,
                                           const std::vector<std::string>& sns,
                                           const std::filesystem::path& device_files) {
  GL_TRY(const auto answer,
         ask_admin(data_folder,
                   {{"op", "device.simulated"}, {"sns", JsonArray(sns.begin(), sns.end())}},
                   device_files));
  std::vector<Secret> keys;
  const Json* rows = wire::member(answer, "devices");
  if (rows != nullptr && rows->is_array()) {
    for (const Json& row : rows->get_array())
      keys.emplace_back(std::string(wire::text_in(row, "key")));
  }
  if (keys.size() == sns.size()) return keys;
  return fail(ErrorCode::kInternal, "the server's answer does not have the keys of all devices");
}

Status find_last_states(const std::filesystem::path& data_folder,
                        std::vector<sim::Member>& members) {
  for (std::size_t first = 0; first < members.size(); first += operations::kMaxStatesAtOnce) {
    const std::size_t count = std::min(operations::kMaxStatesAtOnce, members.size() - first);
    JsonArray sns;
    for (std::size_t i = 0; i < count; ++i) sns.emplace_back(members[first + i].sn);
    GL_TRY(const auto answer,
           ask_admin(data_folder, {{"op", "device.last-states"}, {"sns", std::move(sns)}}));
    const JsonArray* rows = answer.if_array();
    if (rows == nullptr || rows->size() != count) {
      return fail(ErrorCode::kInternal,
                  "the server's answer does not have the states of all devices");
    }
    for (std::size_t i = 0; i < count; ++i)
      members[first + i].last = operations::last_state_in((*rows)[i]);
  }
  return {};
}

Result<client::Peer> find_server(const std::string& server,
                                 const std::filesystem::path& data_folder) {
  if (!server.empty()) return client::find_peer(server);
  const auto text = read_file(data_folder / "ready.json", kMaxReady);
  const auto facts = wire::parse_json(text.value_or(""));
  const std::string mqtt(facts ? wire::text_in(*facts, "mqtt") : "");
  if (!mqtt.empty()) return client::find_peer(mqtt);
  return fail(ErrorCode::kNotFound,
              fmt::format("--data {}: no server runs there", data_folder.string()));
}

}  // namespace gridloom::app
