#include "app/admin.h"

#include <fmt/format.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include "app/audit.h"
#include "app/backup.h"
#include "app/fault.h"
#include "app/history.h"
#include "app/local_socket.h"
#include "app/record_stream.h"
#include "app/simulated.h"
#include "app/time.h"
#include "catalog/loader.h"
#include "registry/data_lock.h"

namespace gridloom::app {
namespace {

using registry::Registry;
using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

constexpr int kAnswerTime_ms = 10'000;
constexpr int kBackupTime_ms = 24 * 3600 * 1000;
constexpr Millis kLockTime{10'000};
constexpr int kLookEvery_ms = 20;
constexpr int kRequestTime_ms =
    1'000;  // one client at a time: a silent one must not hold the others up

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

bool is_set(const JsonObject& request, std::string_view key) {
  const Json* value = request.if_contains(key);
  return value != nullptr && value->is_bool() && value->get_bool();
}

std::string_view rights_name(registry::Rights rights) {
  return rights == registry::Rights::kFull ? "full" : "monitor";
}

constexpr std::string_view kWarning = "warning";  // a member of the answer to a change
constexpr std::string_view kBackup = "backup";
constexpr std::string_view kRecord = "record";
constexpr std::size_t kMostRecordings = 8;  // at a time

using Operation = Result<Json> (*)(const Estate&, const JsonObject&);

Result<Json> add_account(const Estate& estate, const JsonObject& request) {
  const std::string name = text_or_empty(request, "name");
  const std::string access_key = text_or_empty(request, "accessKey");
  const std::string secret_key = text_or_empty(request, "secretKey");
  const auto added = estate.registry.add_account(
      {.name = name, .access_key = access_key, .secret_key = secret_key});
  if (!added) return std::unexpected(added.error());
  return JsonObject{{"name", added->account.name},
                    {"accessKey", added->key.access_key},
                    {"secretKey", added->key.secret_key.reveal()},
                    {"gatewayKey", added->account.gateway_key.reveal()}};
}

Result<Json> list_accounts(const Estate& estate, const JsonObject&) {
  const auto directory = estate.registry.directory();
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

Result<Json> add_keys(const Estate& estate, const JsonObject& request) {
  const std::string remove = text_or_empty(request, "remove");
  if (!remove.empty()) {
    if (Status removed = estate.registry.remove_key(remove); !removed) {
      return std::unexpected(std::move(removed.error()));
    }
    return JsonObject{{"removed", remove}};
  }
  const auto added = estate.registry.add_keys(text_or_empty(request, "name"));
  if (!added) return std::unexpected(added.error());
  return JsonObject{{"accessKey", added->access_key}, {"secretKey", added->secret_key.reveal()}};
}

Result<Json> rotate(const Estate& estate, const JsonObject& request) {
  const std::string name = text_or_empty(request, "name");
  if (is_set(request, "gateway")) {
    const auto key = estate.registry.rotate_gateway(name);
    if (!key) return std::unexpected(key.error());
    return JsonObject{{"rotated", name}, {"gatewayKey", key->reveal()}};
  }
  if (const auto rotated = estate.registry.rotate_certificate(name); !rotated) {
    return std::unexpected(rotated.error());
  }
  return JsonObject{{"rotated", name}};
}

Result<Json> remove_account(const Estate& estate, const JsonObject& request) {
  const std::string name = text_or_empty(request, "name");
  if (Status removed = estate.registry.remove_account(name); !removed) {
    return std::unexpected(std::move(removed.error()));
  }
  return JsonObject{{"removed", name}};
}

Result<Json> add_device(const Estate& estate, const JsonObject& request) {
  const std::string sn = text_or_empty(request, "sn");
  const catalog::FamilyPtr& family = estate.catalog.of_serial(sn);
  std::string name = text_or_empty(request, "name");
  if (name.empty()) name = family->product.empty() ? sn : family->product;
  const std::string owner = text_or_empty(request, "owner");
  const std::string key = text_or_empty(request, "key");
  const auto added =
      estate.registry.add_device({.sn = sn, .name = name, .owner = owner, .key = key});
  if (!added) return std::unexpected(added.error());
  return JsonObject{
      {"sn", sn}, {"name", name}, {"family", family->id}, {"deviceKey", added->reveal()}};
}

Result<Json> list_devices(const Estate& estate, const JsonObject& request) {
  const auto directory = estate.registry.directory();
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
                              {"family", estate.catalog.of_serial(device->sn)->id},
                              {"shares", std::move(shares)}});
  }
  return Json(std::move(rows));
}

Result<Json> rename_device(const Estate& estate, const JsonObject& request) {
  const std::string sn = text_or_empty(request, "sn");
  const std::string name = text_or_empty(request, "name");
  if (Status renamed = estate.registry.rename_device({.sn = sn, .name = name}); !renamed) {
    return std::unexpected(std::move(renamed.error()));
  }
  return JsonObject{{"sn", sn}, {"name", name}};
}

Result<Json> share_device(const Estate& estate, const JsonObject& request) {
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
  if (Status shared = estate.registry.share_device({.sn = sn, .account = account, .rights = given});
      !shared) {
    return std::unexpected(std::move(shared.error()));
  }
  return JsonObject{{"sn", sn}, {"account", account}, {"rights", rights}};
}

Result<Json> rotate_device(const Estate& estate, const JsonObject& request) {
  const std::string sn = text_or_empty(request, "sn");
  const auto key = estate.registry.rotate_device(sn);
  if (!key) return std::unexpected(key.error());
  return JsonObject{{"rotated", sn}, {"deviceKey", key->reveal()}};
}

Result<Json> move_device(const Estate& estate, const JsonObject& request) {
  const std::string sn = text_or_empty(request, "sn");
  const std::string owner = text_or_empty(request, "owner");
  const bool with_history = is_set(request, "withHistory");
  const auto before = estate.registry.directory();
  const registry::Device* device = before->find_device(sn);
  const auto key =
      estate.registry.move_device({.sn = sn,
                                   .owner = owner,
                                   .history = with_history ? registry::MovedHistory::kGoesAlong
                                                           : registry::MovedHistory::kStaysBehind});
  if (!key) return std::unexpected(key.error());
  if (device != nullptr && !with_history) estate.archive.forget(device->number);
  return JsonObject{{"sn", sn},
                    {"owner", owner},
                    {"history", with_history ? "moved" : "deleted"},
                    {"deviceKey", key->reveal()}};
}

Result<Json> remove_device(const Estate& estate, const JsonObject& request) {
  const std::string sn = text_or_empty(request, "sn");
  const auto before = estate.registry.directory();
  const registry::Device* device = before->find_device(sn);
  if (Status removed = estate.registry.remove_device(sn); !removed) {
    return std::unexpected(std::move(removed.error()));
  }
  if (device != nullptr) estate.archive.forget(device->number);
  return JsonObject{{"removed", sn}};
}

Result<Json> list_audit(const Estate& estate, const JsonObject& request) {
  const auto wanted = audit_filter(request);
  if (!wanted) return std::unexpected(wanted.error());
  auto entries = read_audit(estate.archive, *wanted);
  if (!entries) return std::unexpected(entries.error());
  return Json(std::move(*entries));
}

Result<Json> make_backup(const Estate& estate, const JsonObject& request) {
  const std::string folder = text_or_empty(request, "folder");
  // A disk that refuses the audit is a good reason for a backup: this one does not wait for it.
  estate.archive.append(history::RecordKind::kAudit,
                        wire::to_text(JsonObject{{"what", kBackup},
                                                 {"who", "admin"},
                                                 {"through", "command"},
                                                 {"folder", wire::shortened(folder, 400)},
                                                 {"at", unix_ms(estate.clock.now())}}),
                        {});
  return back_up(estate, folder);
}

// `facts`: what the audit says of a change, out of its answer or else its request. No secrets.
struct Row {
  std::string_view name;
  Operation operation;
  std::array<std::string_view, 6> facts{};  // none: it changes nothing
};
constexpr auto kOperations = std::to_array<Row>({
    {"account.add", add_account, {"name", "accessKey"}},
    {"account.list", list_accounts},
    {"account.keys", add_keys, {"name", "accessKey", "removed"}},
    {"account.rotate", rotate, {"name", "gateway"}},
    {"account.remove", remove_account, {"name"}},
    {"device.add", add_device, {"sn", "owner", "name", "family"}},
    {"device.list", list_devices},
    {"device.rename", rename_device, {"sn", "name"}},
    {"device.share", share_device, {"sn", "account", "rights"}},
    {"device.rotate", rotate_device, {"sn"}},
    {"device.move", move_device, {"sn", "owner", "history"}},
    {"device.remove", remove_device, {"sn"}},
    {"device.simulated", add_simulated, {"owner", "family", "first", "count"}},
    {"audit", list_audit},
    {"fault.on", order_fault, {"fault", "sn", "account", "probability", "value", "until"}},
    {"fault.off", end_faults, {"fault", "sn", "ended"}},
    {"fault.list", list_faults},
    {"history", read_history},
    {kBackup, make_backup},
    {kRecord, begin_recording},
    {"time", read_time},
    {"time.pause", change_time, {"now"}},
    {"time.resume", change_time, {"now"}},
    {"time.speed", change_time, {"speed", "now"}},
    {"time.step", change_time, {"ms", "now"}},
});

JsonObject entry_of(const Row& row, const JsonObject& request, const Json& answer) {
  JsonObject entry{{"what", row.name}, {"who", "admin"}, {"through", "command"}};
  for (const std::string_view fact : row.facts) {
    const Json* value = wire::member(answer, fact);
    if (value == nullptr) value = request.if_contains(fact);
    if (!fact.empty() && value != nullptr && *value != "") entry[fact] = *value;
  }
  return entry;
}

Result<Json> change(const Estate& estate, const Row& row, const JsonObject& request) {
  if (const std::string why = estate.archive.failing(); !why.empty()) {
    return fail(FaultKind::kIo,
                fmt::format("a change is written down, and the disk refuses: {}", why));
  }
  auto answer = row.operation(estate, request);
  if (!answer) return answer;
  const Status written = write_down(estate.archive, estate.clock, entry_of(row, request, *answer));
  if (!written && answer->is_object()) {
    // What it has to tell once, as keys, is told all the same.
    answer->get_object()[kWarning] = fmt::format(
        "the change is made, but the audit does not have it: {}", written.error().detail);
  }
  return answer;
}

std::string answer_text(const Result<Json>& result) {
  if (result) return wire::to_text(JsonObject{{"ok", *result}});
  return wire::to_text(JsonObject{{"error", result.error().detail},
                                  {"kind", static_cast<int>(result.error().kind)}});
}

}  // namespace

Result<Json> administer(const Estate& estate, const JsonObject& request) {
  const std::string op = text_or_empty(request, "op");
  const auto* row = std::ranges::find(kOperations, op, &Row::name);
  if (row == kOperations.end()) {
    return fail(FaultKind::kBadParams, fmt::format("op is \"{}\": there is no such operation", op));
  }
  return row->facts.front().empty() ? row->operation(estate, request)
                                    : change(estate, *row, request);
}

struct AdminSocket::Impl {
  Impl(Socket listening, std::filesystem::path at, Estate on)
      : socket(std::move(listening)),
        path(std::move(at)),
        estate(std::move(on)),
        thread([this](const std::stop_token& stop) { run(stop); }) {}

  void run(const std::stop_token& stop) {
    const std::stop_callback wake(stop, [this] { ::shutdown(socket.get(), SHUT_RDWR); });
    while (!stop.stop_requested()) {
      Socket client(::accept4(socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (client.get() < 0) {
        // Out of file descriptors, say: not worth a core.
        if (!stop.stop_requested()) ::poll(nullptr, 0, 100);
        continue;
      }
      const auto text = read_all(client.get(), kRequestTime_ms);
      const auto parsed = text ? wire::parse_json(*text, {.bytes = kMaxMessage}) : wire::Json();
      const JsonObject* request = parsed && parsed->is_object() ? &parsed->get_object() : nullptr;
      const std::string op = request == nullptr ? "" : text_or_empty(*request, "op");
      if (op == kBackup) {
        back_up_beside(std::move(client), *request);
      } else if (op == kRecord) {
        record_beside(std::move(client), *request);
      } else if (request != nullptr) {
        answer(client, administer(estate, *request));
      } else {
        answer(client, fail(FaultKind::kBadParams, "a request is a JSON object"));
      }
    }
  }

  // It takes long: the others do not wait for it.
  void back_up_beside(Socket client, JsonObject request) {
    if (backing_up.exchange(true)) {
      return answer(client, fail(FaultKind::kConflict, "another backup is being made"));
    }
    backup = std::jthread([this, client = std::move(client),
                           request = std::move(request)](const std::stop_token& stop) {
      Estate stoppable = estate;
      stoppable.stop = stop;
      const auto result = administer(stoppable, request);
      backing_up = false;
      answer(client, result);
    });
  }

  // Until the client has gone.
  void record_beside(Socket client, const JsonObject& request) {
    std::erase_if(recordings, [](const Beside& each) { return each.over->load(); });
    if (recordings.size() >= kMostRecordings) {
      return answer(client, fail(FaultKind::kConflict,
                                 fmt::format("{} recordings are being made", recordings.size())));
    }
    const auto begun = administer(estate, request);
    if (!begun) return answer(client, begun);
    const auto over = std::make_shared<std::atomic<bool>>(false);
    recordings.push_back({.over = over,
                          .thread = std::jthread([this, over, client = std::move(client),
                                                  begun = *begun](const std::stop_token& stop) {
                            stream_recording(*estate.hub, begun, answer_text(begun) + '\n',
                                             client.get(), stop);
                            *over = true;
                          })});
  }

  static void answer(const Socket& client, const Result<Json>& result) {
    if (Status sent = write_all(client.get(), answer_text(result)); !sent) {
      spdlog::warn("admin socket: {}", sent.error().detail);
    }
  }

  Socket socket;
  std::filesystem::path path;
  Estate estate;
  struct Beside {
    std::shared_ptr<std::atomic<bool>> over;
    std::jthread thread;
  };
  std::atomic<bool> backing_up{false};
  std::vector<Beside> recordings;
  std::jthread backup;
  std::jthread thread;
};

AdminSocket::AdminSocket(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

AdminSocket::~AdminSocket() {
  impl_->thread.request_stop();
  impl_->thread.join();
  ::unlink(impl_->path.c_str());
}

Result<std::unique_ptr<AdminSocket>> AdminSocket::open(const Estate& estate) {
  const auto address = socket_address(estate.data);
  if (!address) return std::unexpected(address.error());
  Socket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ::unlink(address->sun_path);  // of a server that was killed; the folder's lock is ours
  const mode_t before = ::umask(0177);
  const int bound = ::bind(socket.get(), generic(*address), sizeof(*address));
  ::umask(before);
  if (bound != 0 || ::listen(socket.get(), 16) != 0) {
    return fail(FaultKind::kIo, fmt::format("{}: {}", address->sun_path, system_message(errno)));
  }
  return std::unique_ptr<AdminSocket>(
      new AdminSocket(std::make_unique<Impl>(std::move(socket), address->sun_path, estate)));
}

namespace {

// The folder's lock is held.
Result<Json> administer_stopped(const std::filesystem::path& data_folder,
                                const JsonObject& request) {
  const auto registry = Registry::open(data_folder);
  if (!registry) return std::unexpected(registry.error());
  const auto catalog = catalog::load_catalog({});
  if (!catalog) return std::unexpected(catalog.error());
  const SystemClock clock;
  const auto archive = history::Archive::open({.data = data_folder, .clock = &clock});
  if (!archive) return std::unexpected(archive.error());
  return administer({**registry, **catalog, **archive, clock, data_folder}, request);
}

// kIo: it is cut off, most often before its first byte.
Result<Json> answer_in(std::string_view text) {
  auto answer = wire::parse_json(text, {.bytes = kMaxMessage, .keys = 10'000'000});
  if (answer) return answer;
  return fail(FaultKind::kIo, "the server went away before it answered");
}

Result<Json> outcome_in(std::string_view text) {
  const auto answer = answer_in(text);
  if (!answer) return std::unexpected(answer.error());
  if (const Json* ok = wire::member(*answer, "ok")) return *ok;
  const Json* error = wire::member(*answer, "error");
  const Json* kind = wire::member(*answer, "kind");
  const bool known = kind != nullptr && wire::is_whole(*kind);
  return fail(
      known ? static_cast<FaultKind>(wire::whole(*kind)) : FaultKind::kInternal,
      std::string(error != nullptr && error->is_string() ? std::string_view(error->get_string())
                                                         : text));
}

// Where a request goes: to the running server, or else here, under the folder's lock.
struct Way {
  std::optional<Socket> server{};
  std::optional<registry::DataLock> lock{};
};

// Waits for a command that works on the folder, and for a server that starts or stops.
Result<Way> way_to(const std::filesystem::path& data_folder) {
  using Steady = std::chrono::steady_clock;
  const auto until = Steady::now() + kLockTime;
  for (;;) {
    auto server = connect_to(data_folder);
    if (server) return Way{.server = std::move(*server)};
    if (server.error().kind != FaultKind::kConflict) return std::unexpected(server.error());
    const auto left = std::chrono::ceil<Millis>(until - Steady::now());
    auto lock = registry::DataLock::take(data_folder, registry::DataLock::Holder::kCommand, left);
    if (lock) return Way{.lock = std::move(*lock)};
    if (lock.error().kind != FaultKind::kConflict) return std::unexpected(lock.error());
    if (Steady::now() >= until) {
      return fail(FaultKind::kConflict,
                  fmt::format("{}, and was waited for in vain for {} s", lock.error().detail,
                              std::chrono::duration_cast<std::chrono::seconds>(kLockTime).count()));
    }
    ::poll(nullptr, 0, kLookEvery_ms);
  }
}

// How a person finds out whether an operation was carried out that nobody answered.
std::string_view how_to_check(std::string_view op) {
  struct Check {
    std::string_view op;
    std::string_view how;
  };
  constexpr auto kChecks = std::to_array<Check>({
      {"account.add",
       "`gridloom account list` tells; nobody knows the keys of an account that was made so: "
       "remove it and add it again"},
      {"account.keys",
       "`gridloom account list` tells; nobody knows the secret key of a pair that was made so: "
       "remove it"},
      {"device.add",
       "`gridloom device list` tells; nobody knows the key of a device that was made so: remove "
       "it and add it again"},
      {"account.", "`gridloom account list` and `gridloom audit` tell"},
      {"device.", "`gridloom device list` and `gridloom audit` tell"},
      {"fault.", "`gridloom fault list` tells"},
      {"time.", "`gridloom time` tells"},
  });
  const auto* check =
      std::ranges::find_if(kChecks, [op](const Check& each) { return op.starts_with(each.op); });
  return check == kChecks.end() ? "`gridloom audit` tells" : check->how;
}

// That no answer came, and what that means.
std::unexpected<Fault> unanswered(const JsonObject& request, const Fault& why) {
  const std::string op = text_or_empty(request, "op");
  const auto* row = std::ranges::find(kOperations, op, &Row::name);
  const bool changes = row != kOperations.end() && !row->facts.front().empty();
  if (op == kBackup) {
    return fail(FaultKind::kIo, fmt::format("{}; the backup is whole only if {} has backup.json",
                                            why.detail, text_or_empty(request, "folder")));
  }
  if (!changes) return std::unexpected(why);
  return fail(FaultKind::kIo, fmt::format("{}; the change may or may not be made: {}", why.detail,
                                          how_to_check(op)));
}

Result<Json> ask_server(const Socket& server, const JsonObject& request) {
  const bool is_backup = text_or_empty(request, "op") == kBackup;
  // A server that does not read the request to its end may still answer it.
  static_cast<void>(write_all(server.get(), wire::to_text(request)));
  const auto text = read_all(server.get(), is_backup ? kBackupTime_ms : kAnswerTime_ms);
  if (!text) {
    return unanswered(request, {.kind = FaultKind::kIo,
                                .detail = "the server did not answer: " + text.error().detail});
  }
  if (const auto whole = answer_in(*text); !whole) return unanswered(request, whole.error());
  return outcome_in(*text);
}

}  // namespace

Result<Json> ask_admin(const std::filesystem::path& data_folder, const JsonObject& request) {
  const auto way = way_to(data_folder);
  if (!way) return std::unexpected(way.error());
  return way->server ? ask_server(*way->server, request) : administer_stopped(data_folder, request);
}

int report_warning(const Json& answer) {
  const Json* warning = wire::member(answer, kWarning);
  if (warning == nullptr || !warning->is_string()) return 0;
  fmt::print(stderr, "gridloom: {}\n", std::string_view(warning->get_string()));
  return 1;
}

struct AdminStream::Impl {
  Socket socket;
  Json outcome{};
  std::string begun{};  // a line
};

AdminStream::AdminStream(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AdminStream::AdminStream(AdminStream&&) noexcept = default;
AdminStream::~AdminStream() = default;

const Json& AdminStream::outcome() const { return impl_->outcome; }

int AdminStream::fd() const { return impl_->socket.get(); }

Result<AdminStream> AdminStream::open(const std::filesystem::path& data_folder,
                                      const JsonObject& request) {
  auto socket = connect_to(data_folder);
  if (!socket) return std::unexpected(socket.error());
  AdminStream stream(std::make_unique<Impl>(std::move(*socket)));
  if (Status sent = send_all(stream.fd(), wire::to_text(request) + '\n'); !sent) {
    return std::unexpected(std::move(sent.error()));
  }
  std::string& begun = stream.impl_->begun;
  while (!begun.contains('\n')) {
    const auto size = read_piece(stream.fd(), kAnswerTime_ms, begun);
    if (!size) return std::unexpected(size.error());
    if (*size == 0) break;  // a refusal has no end of line
  }
  auto outcome = outcome_in(begun.substr(0, begun.find('\n')));
  if (!outcome) return std::unexpected(outcome.error());
  begun.erase(0, begun.find('\n') + 1);
  stream.impl_->outcome = std::move(*outcome);
  return stream;
}

void AdminStream::end() const { ::shutdown(fd(), SHUT_WR); }

Result<std::vector<std::string>> AdminStream::read() {
  std::string& begun = impl_->begun;
  if (!begun.contains('\n')) {
    const auto size = read_piece(fd(), -1, begun);
    if (!size) return std::unexpected(size.error());
    if (*size == 0) return fail(FaultKind::kIo, "the server has ended it");
  }
  std::vector<std::string> lines;
  std::size_t from = 0;
  for (std::size_t end = 0; (end = begun.find('\n', from)) != std::string::npos; from = end + 1) {
    lines.push_back(begun.substr(from, end - from));
  }
  begun.erase(0, from);
  return lines;
}

}  // namespace gridloom::app
