#include "bridges/mirror/cloud.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/read_file.h"
#include "bridges/mirror/mirrored_devices.h"
#include "client/stream.h"
#include "net/address.h"
#include "registry/rules.h"

namespace gridloom::bridges::mirror {
namespace {

using client::ListedDevice;

constexpr std::string_view kQuotaAllPath = "/iot-open/sign/device/quota/all";
constexpr std::string_view kClientId = "client-id";
constexpr std::string_view kAdded = "devices";
constexpr std::size_t kMostWork = 64;
constexpr std::size_t kMostIdBytes = 128;

}  // namespace

std::string local_name(std::string_view prefix, std::string_view name, std::string_view sn) {
  std::string full = std::string(prefix).append(name);
  // Characters of UTF-8 are cut as a whole.
  const auto fits = [](const std::string& text) {
    return registry::check_name(text, "a device's name").has_value();
  };
  for (std::size_t cut = 0; cut < full.size() && !name.empty(); ++cut) {
    if (fits(full)) return full;
    if (full.size() <= registry::kNameMaxCharacters) break;
    full.pop_back();
  }
  full = std::string(prefix).append(sn);
  return fits(full) ? full : std::string(sn);
}

// The state that the thread and the owner share. Members without another rule belong to the thread.
struct Cloud::Shared {
  explicit Shared(Options given) : options(std::move(given)) {}

  std::mutex mutex;
  std::condition_variable_any changed;
  std::deque<std::move_only_function<Task(Shared&)>> work;  // under mutex

  const Options options;
  std::stop_token stop;
  std::optional<client::ApiClient> client;
  std::string client_id;
  std::optional<AddedDevices> added_devices;
  bool adopts = false;  // an earlier version has brought devices, and wrote down none

  void run(const std::stop_token& stopped);
  Result<client::ApiClient*> open();
  Result<std::string> stable_client_id();
  Result<std::variant<CloudDevices, CloudCertificate, CloudQuotas>> answer(const Request& request);
  Result<std::string> known_client_id();
  Status load_added();
  Status save_added();
  Result<CloudDevices> devices(client::ApiClient& api);
  void take(const ListedDevice& row, CloudDevices& all);
  Status expect(const std::vector<ListedDevice>& rows);
  [[nodiscard]] bool is_wanted(std::string_view sn) const;
  [[nodiscard]] bool is_named(std::string_view sn) const;
  Result<CloudCertificate> certificate(client::ApiClient& api);
};

void Cloud::Shared::run(const std::stop_token& stopped) {
  stop = stopped;
  std::unique_lock lock(mutex);
  while (changed.wait(lock, stop, [this] { return !work.empty(); })) {
    if (stop.stop_requested()) return;
    auto next = std::move(work.front());
    work.pop_front();
    lock.unlock();
    if (Task task = next(*this)) options.loop->post(std::move(task));
    lock.lock();
  }
}

Result<client::ApiClient*> Cloud::Shared::open() {
  if (!client) {
    client::ApiOptions api = options.api;
    api.stop = stop;
    GL_TRY(auto opened, client::ApiClient::open(api));
    client.emplace(std::move(opened));
  }
  return &*client;
}

// Empty: there is none.
Result<std::string> Cloud::Shared::known_client_id() {
  auto kept = options.states->load(options.bridge, kClientId);
  if (kept || kept.error().code != ErrorCode::kNotFound) return kept;
  return read_file(options.folder / kClientId, kMostIdBytes).value_or("");
}

Result<std::string> Cloud::Shared::stable_client_id() {
  if (!client_id.empty()) return client_id;
  auto known = known_client_id();
  if (!known) return known;
  // The vendor's cloud allows ten ids a day for a certificate: if it were not kept, each start of
  // the server would use one up.
  const std::string id = known->empty() ? "gridloom-" + random_hex(8) : *known;
  GL_TRY(options.states->save(options.bridge, kClientId, id));
  client_id = id;
  return client_id;
}

Status Cloud::Shared::load_added() {
  if (added_devices) return {};
  AddedDevices loaded;
  const auto text = options.states->load(options.bridge, kAdded);
  if (text) {
    GL_TRY(loaded.restore(*text));
  } else if (text.error().code == ErrorCode::kNotFound) {
    GL_TRY(const auto id, known_client_id());
    adopts = !id.empty();
  } else {
    return std::unexpected(text.error());
  }
  added_devices = std::move(loaded);
  return adopts || text ? Status() : save_added();
}

Status Cloud::Shared::save_added() {
  return options.states->save(options.bridge, kAdded, added_devices->to_text());
}

bool Cloud::Shared::is_named(std::string_view sn) const {
  return std::ranges::find(options.only, sn) != options.only.end();
}

bool Cloud::Shared::is_wanted(std::string_view sn) const {
  return options.only.empty() || is_named(sn);
}

// Writes down what is about to be registered.
Status Cloud::Shared::expect(const std::vector<ListedDevice>& rows) {
  const auto directory = options.registry->directory();
  const std::string before = added_devices->to_text();
  added_devices->keep([&](std::string_view sn) {
    const registry::Device* known = directory->find_device(sn);
    return known != nullptr && known->owner == options.account;
  });
  for (const ListedDevice& row : rows) {
    if (!is_wanted(row.sn)) continue;
    const registry::Device* known = directory->find_device(row.sn);
    const bool is_ours = known != nullptr && known->owner == options.account;
    if (is_ours && adopts) {
      added_devices->take(row.sn, known->number);
    } else if (known == nullptr && added_devices->size() < options.most &&
               registry::check_sn(row.sn)) {
      added_devices->expect(row.sn);
    }
  }
  const bool is_first = std::exchange(adopts, false);
  return is_first || added_devices->to_text() != before ? save_added() : Status();
}

void Cloud::Shared::take(const ListedDevice& row, CloudDevices& all) {
  if (!is_wanted(row.sn)) return;
  const auto directory = options.registry->directory();
  const registry::Account* account = directory->find_account(options.account);
  if (account == nullptr) return;
  const registry::Device* known = directory->find_device(row.sn);
  if (known == nullptr) {
    if (!added_devices->has(row.sn, 0)) {
      if (Status good = registry::check_sn(row.sn); !good) {
        return all.refused.push_back(good.error().detail);
      }
      ++all.left_out;
      return;
    }
    const std::string name = local_name(options.name_prefix, row.name, row.sn);
    const auto added =
        options.registry->add_device({.sn = row.sn, .name = name, .owner = account->name});
    if (!added) return all.refused.push_back(added.error().detail);
    const registry::Device* is_new = options.registry->directory()->find_device(row.sn);
    if (is_new != nullptr) added_devices->take(row.sn, is_new->number);
  } else if (known->owner != options.account) {
    return all.of_others.push_back(row.sn);
  } else if (!added_devices->has(row.sn, known->number) && !is_named(row.sn)) {
    return all.own.push_back(row.sn);
  }
  all.mirrored.push_back({.sn = row.sn, .online = row.online});
}

Result<CloudDevices> Cloud::Shared::devices(client::ApiClient& api) {
  GL_TRY(auto rows, api.devices());
  GL_TRY(load_added());
  GL_TRY(expect(rows));
  CloudDevices all;
  const std::string before = added_devices->to_text();
  for (const ListedDevice& row : rows) {
    // Each that is new is a commit, and whoever ends the bridge waits for this thread.
    if (stop.stop_requested()) return fail(ErrorCode::kIo, "the list of devices is stopped");
    take(row, all);
  }
  if (added_devices->to_text() != before) {
    GL_TRY(save_added());
  }
  return all;
}

Result<CloudCertificate> Cloud::Shared::certificate(client::ApiClient& api) {
  GL_TRY(auto access, api.certification());
  if (access.user.empty() || access.host.empty()) {
    return fail(ErrorCode::kMalformed, "the certification names no user or no broker");
  }
  CloudCertificate made{.access = std::move(access)};
  if (made.access.secure) {
    GL_TRY(auto tls, options.api.ca.empty() ? client::tls_client_of_system()
                                            : client::tls_client(options.api.ca));
    made.tls = std::move(tls);
  }
  GL_TRY(auto id, stable_client_id());
  made.client_id = std::move(id);
  return made;
}

Result<std::variant<CloudDevices, CloudCertificate, CloudQuotas>> Cloud::Shared::answer(
    const Request& request) {
  GL_TRY(const auto opened, open());
  switch (request.ask) {
    case Ask::kDevices:
      return devices(*opened);
    case Ask::kCertificate:
      return certificate(*opened);
    case Ask::kQuotas:
      break;
  }
  return opened->call("GET", kQuotaAllPath, {{"sn", request.sn}});
}

Cloud::Cloud(Options options)
    : shared_(std::make_shared<Shared>(std::move(options))),
      thread_([shared = shared_.get()](const std::stop_token& stop) { shared->run(stop); }) {}

Cloud::~Cloud() = default;

void Cloud::post(std::move_only_function<Task(Shared&)> work) {
  const std::lock_guard lock(shared_->mutex);
  shared_->work.push_back(std::move(work));
  shared_->changed.notify_all();
}

void Cloud::ask(Request request) {
  post([request = std::move(request), weak = std::weak_ptr(shared_)](Shared& shared) -> Task {
    auto answer = std::make_shared<CloudAnswer>(
        CloudAnswer{.request = request, .result = shared.answer(request)});
    return [answer, weak] {
      const auto self = weak.lock();
      if (self) self->options.on_answer(std::move(*answer));
    };
  });
}

client::ResolvePeer Cloud::resolver(std::string host_port) {
  return [this, host_port = std::move(host_port)](Callback<Result<client::Peer>> done) {
    if (const auto numeric = net::parse_address(host_port)) return done(client::peer_at(*numeric));
    bool has_space = false;
    {
      const std::lock_guard lock(shared_->mutex);
      has_space = shared_->work.size() < kMostWork;
    }
    if (!has_space) {
      return done(fail(ErrorCode::kIo, fmt::format("{}: the cloud does not answer", host_port)));
    }
    auto to = std::make_shared<Callback<Result<client::Peer>>>(std::move(done));
    post([to, host_port, weak = std::weak_ptr(shared_)](Shared& shared) -> Task {
      return [to, weak, found = client::find_peer(host_port, {.stop = shared.stop})] {
        if (weak.lock()) (*to)(found);
      };
    });
  };
}

}  // namespace gridloom::bridges::mirror
