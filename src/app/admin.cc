#include "app/admin.h"

#include <fmt/format.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <thread>
#include <utility>

#include "catalog/loader.h"
#include "registry/data_lock.h"

namespace gridloom::app {
namespace {

using registry::Registry;
using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

constexpr std::size_t kMaxMessage = std::size_t{64} * 1024 * 1024;  // a list of many devices
constexpr int kAnswerTime_ms = 10'000;
constexpr int kRequestTime_ms =
    1'000;  // one client at a time: a silent one must not hold the others up

class Socket {
 public:
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&&) = delete;
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

Result<sockaddr_un> socket_address(const std::filesystem::path& folder) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = (folder / "admin.sock").string();
  if (path.size() >= sizeof(address.sun_path)) {
    return fail(FaultKind::kBadParams,
                fmt::format("{} is too long for a socket's name ({} characters at most)", path,
                            sizeof(address.sun_path) - 1));
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

const sockaddr* generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

// Until the peer has said all that it will say.
Result<std::string> read_all(int fd, int patience_ms) {
  std::string text;
  std::array<char, 4096> piece{};
  for (;;) {
    pollfd ready{.fd = fd, .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, patience_ms) <= 0) {
      return fail(FaultKind::kIo, fmt::format("nothing came in {} s", patience_ms / 1000));
    }
    const ssize_t size = ::read(fd, piece.data(), piece.size());
    if (size < 0) return fail(FaultKind::kIo, system_message(errno));
    if (size == 0) return text;
    text.append(piece.data(), static_cast<std::size_t>(size));
    if (text.size() > kMaxMessage) return fail(FaultKind::kIo, "the message is too long");
  }
}

Status write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t size = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (size < 0) return fail(FaultKind::kIo, system_message(errno));
    text.remove_prefix(static_cast<std::size_t>(size));
  }
  ::shutdown(fd, SHUT_WR);
  return {};
}

// --- the operations ---

Result<std::string> text_of(const JsonObject& request, std::string_view key) {
  const Json* value = request.if_contains(key);
  if (value == nullptr || !value->is_string()) {
    return fail(FaultKind::kBadParams, fmt::format("{} is missing", key));
  }
  return std::string(value->get_string());
}

std::string text_or_empty(const JsonObject& request, std::string_view key) {
  return text_of(request, key).value_or("");
}

std::string_view rights_name(registry::Rights rights) {
  return rights == registry::Rights::kFull ? "full" : "monitor";
}

using Operation = Result<Json> (*)(Registry&, const catalog::Catalog&, const JsonObject&);

Result<Json> add_account(Registry& registry, const catalog::Catalog&, const JsonObject& request) {
  const std::string name = text_or_empty(request, "name");
  const std::string access_key = text_or_empty(request, "accessKey");
  const std::string secret_key = text_or_empty(request, "secretKey");
  const auto added =
      registry.add_account({.name = name, .access_key = access_key, .secret_key = secret_key});
  if (!added) return std::unexpected(added.error());
  return JsonObject{{"name", added->account.name},
                    {"accessKey", added->key.access_key},
                    {"secretKey", added->key.secret_key.reveal()},
                    {"gatewayKey", added->account.gateway_key.reveal()}};
}

Result<Json> list_accounts(Registry& registry, const catalog::Catalog&, const JsonObject&) {
  const auto directory = registry.directory();
  JsonArray rows;
  for (const registry::Account* account : directory->accounts()) {
    JsonArray keys;
    for (const registry::AccessKey* key : directory->keys_of(account->id)) {
      keys.emplace_back(key->access_key);
    }
    rows.push_back(JsonObject{{"name", account->name},
                              {"accessKeys", std::move(keys)},
                              {"devices", directory->devices_of(account->id).size()},
                              {"certificateAccount", account->certificate_account}});
  }
  return Json(std::move(rows));
}

Result<Json> add_keys(Registry& registry, const catalog::Catalog&, const JsonObject& request) {
  const std::string remove = text_or_empty(request, "remove");
  if (!remove.empty()) {
    if (Status removed = registry.remove_key(remove); !removed) {
      return std::unexpected(std::move(removed.error()));
    }
    return JsonObject{{"removed", remove}};
  }
  const auto added = registry.add_keys(text_or_empty(request, "name"));
  if (!added) return std::unexpected(added.error());
  return JsonObject{{"accessKey", added->access_key}, {"secretKey", added->secret_key.reveal()}};
}

Result<Json> rotate(Registry& registry, const catalog::Catalog&, const JsonObject& request) {
  const std::string name = text_or_empty(request, "name");
  if (const auto rotated = registry.rotate_certificate(name); !rotated) {
    return std::unexpected(rotated.error());
  }
  return JsonObject{{"rotated", name}};
}

Result<Json> remove_account(Registry& registry, const catalog::Catalog&,
                            const JsonObject& request) {
  const std::string name = text_or_empty(request, "name");
  if (Status removed = registry.remove_account(name); !removed) {
    return std::unexpected(std::move(removed.error()));
  }
  return JsonObject{{"removed", name}};
}

Result<Json> add_device(Registry& registry, const catalog::Catalog& catalog,
                        const JsonObject& request) {
  const std::string sn = text_or_empty(request, "sn");
  const catalog::FamilyPtr& family = catalog.of_serial(sn);
  std::string name = text_or_empty(request, "name");
  if (name.empty()) name = family->product.empty() ? sn : family->product;
  const std::string owner = text_or_empty(request, "owner");
  const std::string key = text_or_empty(request, "key");
  const auto added = registry.add_device({.sn = sn, .name = name, .owner = owner, .key = key});
  if (!added) return std::unexpected(added.error());
  return JsonObject{
      {"sn", sn}, {"name", name}, {"family", family->id}, {"deviceKey", added->reveal()}};
}

Result<Json> list_devices(Registry& registry, const catalog::Catalog& catalog,
                          const JsonObject& request) {
  const auto directory = registry.directory();
  const std::string owner = text_or_empty(request, "owner");
  JsonArray rows;
  for (const registry::Device* device : directory->devices()) {
    const registry::Account* account = directory->find_account(device->owner);
    if (account == nullptr || (!owner.empty() && account->name != owner)) continue;
    JsonArray shares;
    for (const registry::Share& share : device->shares) {
      const registry::Account* with = directory->find_account(share.account);
      if (with == nullptr) continue;
      shares.push_back(JsonObject{{"account", with->name}, {"rights", rights_name(share.rights)}});
    }
    rows.push_back(JsonObject{{"sn", device->sn},
                              {"name", device->name},
                              {"owner", account->name},
                              {"family", catalog.of_serial(device->sn)->id},
                              {"shares", std::move(shares)}});
  }
  return Json(std::move(rows));
}

Result<Json> rename_device(Registry& registry, const catalog::Catalog&, const JsonObject& request) {
  const std::string sn = text_or_empty(request, "sn");
  const std::string name = text_or_empty(request, "name");
  if (Status renamed = registry.rename_device({.sn = sn, .name = name}); !renamed) {
    return std::unexpected(std::move(renamed.error()));
  }
  return JsonObject{{"sn", sn}, {"name", name}};
}

Result<Json> share_device(Registry& registry, const catalog::Catalog&, const JsonObject& request) {
  const std::string sn = text_or_empty(request, "sn");
  const std::string account = text_or_empty(request, "account");
  const std::string rights = text_or_empty(request, "rights");
  registry::Rights given = registry::Rights::kNone;
  if (rights == "monitor") given = registry::Rights::kMonitor;
  if (rights == "full") given = registry::Rights::kFull;
  if (given == registry::Rights::kNone && rights != "none") {
    return fail(FaultKind::kBadParams,
                fmt::format("rights is \"{}\": must be monitor, full or none", rights));
  }
  if (Status shared = registry.share_device({.sn = sn, .account = account, .rights = given});
      !shared) {
    return std::unexpected(std::move(shared.error()));
  }
  return JsonObject{{"sn", sn}, {"account", account}, {"rights", rights}};
}

Result<Json> move_device(Registry& registry, const catalog::Catalog&, const JsonObject& request) {
  const std::string sn = text_or_empty(request, "sn");
  const std::string owner = text_or_empty(request, "owner");
  if (Status moved = registry.move_device({.sn = sn, .owner = owner}); !moved) {
    return std::unexpected(std::move(moved.error()));
  }
  return JsonObject{{"sn", sn}, {"owner", owner}};
}

Result<Json> remove_device(Registry& registry, const catalog::Catalog&, const JsonObject& request) {
  const std::string sn = text_or_empty(request, "sn");
  if (Status removed = registry.remove_device(sn); !removed) {
    return std::unexpected(std::move(removed.error()));
  }
  return JsonObject{{"removed", sn}};
}

constexpr std::array<std::pair<std::string_view, Operation>, 11> kOperations = {{
    {"account.add", add_account},
    {"account.list", list_accounts},
    {"account.keys", add_keys},
    {"account.rotate", rotate},
    {"account.remove", remove_account},
    {"device.add", add_device},
    {"device.list", list_devices},
    {"device.rename", rename_device},
    {"device.share", share_device},
    {"device.move", move_device},
    {"device.remove", remove_device},
}};

std::string answer_text(const Result<Json>& result) {
  if (result) return wire::to_text(JsonObject{{"ok", *result}});
  return wire::to_text(JsonObject{{"error", result.error().detail},
                                  {"kind", static_cast<int>(result.error().kind)}});
}

}  // namespace

Result<Json> administer(Registry& registry, const catalog::Catalog& catalog,
                        const JsonObject& request) {
  const std::string op = text_or_empty(request, "op");
  for (const auto& [name, operation] : kOperations) {
    if (name == op) return operation(registry, catalog, request);
  }
  return fail(FaultKind::kBadParams, fmt::format("op is \"{}\": there is no such operation", op));
}

struct AdminSocket::Impl {
  Impl(Socket listening, std::filesystem::path at, Registry& on,
       std::shared_ptr<const catalog::Catalog> families)
      : socket(std::move(listening)),
        path(std::move(at)),
        registry(on),
        catalog(std::move(families)),
        thread([this](const std::stop_token& stop) { run(stop); }) {}

  void run(const std::stop_token& stop) {
    const std::stop_callback wake(stop, [this] { ::shutdown(socket.get(), SHUT_RDWR); });
    while (!stop.stop_requested()) {
      const Socket client(::accept4(socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (client.get() < 0) {
        // Out of file descriptors, say: not worth a core.
        if (!stop.stop_requested()) ::poll(nullptr, 0, 100);
        continue;
      }
      const auto text = read_all(client.get(), kRequestTime_ms);
      const auto request = text ? wire::parse_json(*text, {.bytes = kMaxMessage}) : wire::Json();
      Result<Json> result = fail(FaultKind::kBadParams, "a request is a JSON object");
      if (request && request->is_object())
        result = administer(registry, *catalog, request->get_object());
      if (Status sent = write_all(client.get(), answer_text(result)); !sent) {
        spdlog::warn("admin socket: {}", sent.error().detail);
      }
    }
  }

  Socket socket;
  std::filesystem::path path;
  Registry& registry;
  std::shared_ptr<const catalog::Catalog> catalog;
  std::jthread thread;
};

AdminSocket::AdminSocket(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

AdminSocket::~AdminSocket() {
  impl_->thread.request_stop();
  impl_->thread.join();
  ::unlink(impl_->path.c_str());
}

Result<std::unique_ptr<AdminSocket>> AdminSocket::open(
    const std::filesystem::path& data_folder, Registry& registry,
    std::shared_ptr<const catalog::Catalog> catalog) {
  const auto address = socket_address(data_folder);
  if (!address) return std::unexpected(address.error());
  Socket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ::unlink(address->sun_path);  // of a server that was killed; the folder's lock is ours
  const mode_t before = ::umask(0177);
  const int bound = ::bind(socket.get(), generic(*address), sizeof(*address));
  ::umask(before);
  if (bound != 0 || ::listen(socket.get(), 16) != 0) {
    return fail(FaultKind::kIo, fmt::format("{}: {}", address->sun_path, system_message(errno)));
  }
  return std::unique_ptr<AdminSocket>(new AdminSocket(
      std::make_unique<Impl>(std::move(socket), address->sun_path, registry, std::move(catalog))));
}

Result<Json> ask_admin(const std::filesystem::path& data_folder, const JsonObject& request) {
  const auto address = socket_address(data_folder);
  if (!address) return std::unexpected(address.error());
  const Socket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(socket.get(), generic(*address), sizeof(*address)) != 0) {
    const auto lock = registry::DataLock::take(data_folder);
    if (!lock) return std::unexpected(lock.error());
    auto registry = Registry::open(data_folder);
    if (!registry) return std::unexpected(registry.error());
    const auto catalog = catalog::load_catalog({});
    if (!catalog) return std::unexpected(catalog.error());
    return administer(**registry, **catalog, request);
  }
  if (Status sent = write_all(socket.get(), wire::to_text(request)); !sent) {
    return std::unexpected(std::move(sent.error()));
  }
  const auto text = read_all(socket.get(), kAnswerTime_ms);
  if (!text) return std::unexpected(text.error());
  const auto answer = wire::parse_json(*text, {.bytes = kMaxMessage, .keys = 10'000'000});
  if (!answer) return std::unexpected(answer.error());
  if (const Json* ok = wire::member(*answer, "ok")) return *ok;
  const Json* error = wire::member(*answer, "error");
  const Json* kind = wire::member(*answer, "kind");
  const bool known = kind != nullptr && wire::is_whole(*kind);
  return fail(known ? static_cast<FaultKind>(wire::whole(*kind)) : FaultKind::kInternal,
              error != nullptr && error->is_string() ? std::string(error->get_string()) : *text);
}

}  // namespace gridloom::app
