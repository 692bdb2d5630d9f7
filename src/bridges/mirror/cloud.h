// The vendor's cloud over HTTP, by a thread of its own, because each request blocks: lists and
// registers devices, gets certificates and quotas, and looks up the broker's address.
//
// The thread does one thing at a time, in the order of asking. Thread rule: the loop that is given,
// on which answers come. The destructor stops a request that is under way, which takes a quarter of
// a second at most, and its answer is lost.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <variant>
#include <vector>

#include "base/loop.h"
#include "base/result.h"
#include "base/secret.h"
#include "bridges/mirror/presence.h"
#include "bridges/mirror/schedule.h"
#include "client/api_client.h"
#include "client/mqtt_link.h"
#include "client/stream.h"
#include "registry/registry.h"
#include "storage/states.h"
#include "wire/json.h"

namespace gridloom::bridges::mirror {

// The devices of the vendor's account, as far as they are mirrored.
struct CloudDevices {
  std::vector<Presence::Listed> mirrored{};
  std::vector<std::string> of_others{};  // serial numbers that belong to another local account
  std::vector<std::string> own{};        // that are registered here with keys of their own
  std::size_t left_out = 0;              // beyond the most that the mirror brings
  std::vector<std::string> refused{};    // why devices could not be registered
};
struct CloudCertificate {
  client::MqttAccess access{};
  client::TlsClient tls{};  // null: plain TCP
  std::string client_id{};  // the same over restarts
};
using CloudQuotas = wire::Json;  // the `data` of quota/all

struct CloudAnswer {
  Request request{};
  Result<std::variant<CloudDevices, CloudCertificate, CloudQuotas>> result;
};

class Cloud {
 public:
  struct Options {
    client::ApiOptions api{};
    registry::Registry* registry = nullptr;
    registry::AccountId account{};
    std::vector<std::string> only{};  // serial numbers; empty: all
    std::size_t most = 256;           // devices that are brought
    std::string name_prefix{};
    std::string bridge{};               // its name
    storage::States* states = nullptr;  // has the client id, and what was brought; outlives this
    std::filesystem::path folder{};     // had the client id in earlier versions
    Loop* loop = nullptr;               // outlives this
    std::function<void(CloudAnswer)> on_answer{};
  };
  explicit Cloud(Options options);
  Cloud(const Cloud&) = delete;
  Cloud& operator=(const Cloud&) = delete;
  ~Cloud();

  void ask(Request request);
  // For client::MqttLink::Options, "HOST:PORT". Valid as long as this.
  [[nodiscard]] client::ResolvePeer resolver(std::string host_port);

 private:
  struct Shared;
  void post(std::move_only_function<Task(Shared&)> work);

  std::shared_ptr<Shared> shared_;  // answers that come later see that it is gone
  std::jthread thread_;
};

// The name that a device of the vendor's gets in the registry: its own behind the prefix, cut; its
// serial number if that is no name.
[[nodiscard]] std::string local_name(std::string_view prefix, std::string_view name,
                                     std::string_view sn);

}  // namespace gridloom::bridges::mirror
