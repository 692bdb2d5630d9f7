#include "app/control/admin.h"

#include <fmt/format.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include "app/control/audit.h"
#include "app/control/backup.h"
#include "app/control/damage.h"
#include "app/control/device_values.h"
#include "app/control/fault.h"
#include "app/control/follow_stream.h"
#include "app/control/history_stream.h"
#include "app/control/last_states.h"
#include "app/control/local_socket.h"
#include "app/control/operation_names.h"
#include "app/control/record_stream.h"
#include "app/control/request_members.h"
#include "app/control/sign_in.h"
#include "app/control/simulated.h"
#include "app/control/time.h"
#include "app/control/token.h"
#include "hub/hub.h"
#include "storage/reserve.h"

namespace gridloom::app {
namespace {

using registry::Registry;
using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

constexpr int kRequestTime_ms =
    1'000;  // requests are served one at a time: silent clients must not block
constexpr time_t kAnswerTime_s = 2;  // per write: clients that do not read must not block

// --- the operations ---

bool is_set(const JsonObject& request, std::string_view key) {
  const Json* value = request.if_contains(key);
  return value != nullptr && value->is_bool() && value->get_bool();
}

constexpr std::string_view kRecord = "record";
constexpr std::size_t kMaxRecordings = 8;  // at the same time
constexpr std::size_t kMaxHistories = 8;   // likewise
constexpr std::size_t kMaxFollowers = 16;  // likewise
constexpr std::size_t kMaxWaiting = 64;    // likewise, of operations that wait for a device

using Operation = Result<Json> (*)(const AdminContext&, const JsonObject&);

Result<Json> add_account(const AdminContext& context, const JsonObject& request) {
  const std::string name = text_in(request, "name");
  const std::string access_key = text_in(request, "accessKey");
  const std::string secret_key = text_in(request, "secretKey");
  const auto added = context.registry.add_account(
      {.name = name, .access_key = access_key, .secret_key = secret_key});
  if (!added) return std::unexpected(added.error());
  return JsonObject{{"name", added->account.name},
                    {"accessKey", added->key.access_key},
                    {"secretKey", added->key.secret_key.reveal()},
                    {"gatewayKey", added->account.gateway_key.reveal()}};
}

Result<Json> list_accounts(const AdminContext& context, const JsonObject&) {
  const auto directory = context.registry.directory();
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

Result<Json> add_keys(const AdminContext& context, const JsonObject& request) {
  const std::string remove = text_in(request, "remove");
  if (!remove.empty()) {
    if (Status removed = context.registry.remove_key(remove); !removed) {
      return std::unexpected(std::move(removed.error()));
    }
    return JsonObject{{"removed", remove}};
  }
  const auto added = context.registry.add_keys(text_in(request, "name"));
  if (!added) return std::unexpected(added.error());
  return JsonObject{{"accessKey", added->access_key}, {"secretKey", added->secret_key.reveal()}};
}

Result<Json> rotate(const AdminContext& context, const JsonObject& request) {
  const std::string name = text_in(request, "name");
  if (is_set(request, "gateway")) {
    const auto key = context.registry.rotate_gateway(name);
    if (!key) return std::unexpected(key.error());
    return JsonObject{{"rotated", name}, {"gatewayKey", key->reveal()}};
  }
  if (const auto rotated = context.registry.rotate_certificate(name); !rotated) {
    return std::unexpected(rotated.error());
  }
  return JsonObject{{"rotated", name}};
}

Result<Json> remove_account(const AdminContext& context, const JsonObject& request) {
  const std::string name = text_in(request, "name");
  if (Status removed = context.registry.remove_account(name); !removed) {
    return std::unexpected(std::move(removed.error()));
  }
  return JsonObject{{"removed", name}};
}

Result<Json> add_device(const AdminContext& context, const JsonObject& request) {
  const std::string sn = text_in(request, "sn");
  const catalog::FamilyPtr& family = context.catalog.of_serial(sn);
  std::string name = text_in(request, "name");
  if (name.empty()) name = family->product.empty() ? sn : family->product;
  const std::string owner = text_in(request, "owner");
  const std::string key = text_in(request, "key");
  const auto added =
      context.registry.add_device({.sn = sn, .name = name, .owner = owner, .key = key});
  if (!added) return std::unexpected(added.error());
  return JsonObject{
      {"sn", sn}, {"name", name}, {"family", family->id}, {"deviceKey", added->reveal()}};
}

Result<Json> list_devices(const AdminContext& context, const JsonObject& request) {
  const auto directory = context.registry.directory();
  const std::string owner = text_in(request, "owner");
  JsonArray rows;
  for (const registry::Device* device : directory->devices()) {
    const registry::Account* account = directory->find_account(device->owner);
    if (account == nullptr || (!owner.empty() && account->name != owner)) continue;
    JsonArray shares;
    for (const registry::Share& share : device->shares) {
      const registry::Account* with = directory->find_account(share.account);
      if (with == nullptr) continue;
      shares.push_back(JsonObject{{"account", with->name}, {"rights", name_of(share.rights)}});
    }
    JsonObject row{{"sn", device->sn},
                   {"name", device->name},
                   {"owner", account->name},
                   {"family", context.catalog.of_serial(device->sn)->id},
                   {"shares", std::move(shares)}};
    if (context.hub != nullptr) row["online"] = context.hub->online(device->owner, device->sn);
    rows.push_back(std::move(row));
  }
  return Json(std::move(rows));
}

Result<Json> rename_device(const AdminContext& context, const JsonObject& request) {
  const std::string sn = text_in(request, "sn");
  const std::string name = text_in(request, "name");
  if (Status renamed = context.registry.rename_device({.sn = sn, .name = name}); !renamed) {
    return std::unexpected(std::move(renamed.error()));
  }
  return JsonObject{{"sn", sn}, {"name", name}};
}

Result<Json> share_device(const AdminContext& context, const JsonObject& request) {
  const std::string sn = text_in(request, "sn");
  const std::string account = text_in(request, "account");
  const std::string rights = text_in(request, "rights");
  registry::Rights given = registry::Rights::kNone;
  if (rights == "monitor") given = registry::Rights::kMonitor;
  if (rights == "full") given = registry::Rights::kFull;
  if (given == registry::Rights::kNone && rights != "none") {
    return fail(ErrorCode::kBadParams,
                fmt::format("rights is \"{}\": must be monitor, full or none", rights));
  }
  if (Status shared =
          context.registry.share_device({.sn = sn, .account = account, .rights = given});
      !shared) {
    return std::unexpected(std::move(shared.error()));
  }
  return JsonObject{{"sn", sn}, {"account", account}, {"rights", rights}};
}

Result<Json> rotate_device(const AdminContext& context, const JsonObject& request) {
  const std::string sn = text_in(request, "sn");
  const auto key = context.registry.rotate_device(sn);
  if (!key) return std::unexpected(key.error());
  return JsonObject{{"rotated", sn}, {"deviceKey", key->reveal()}};
}

Result<Json> move_device(const AdminContext& context, const JsonObject& request) {
  const std::string sn = text_in(request, "sn");
  const std::string owner = text_in(request, "owner");
  const bool with_history = is_set(request, "withHistory");
  const auto before = context.registry.directory();
  const registry::Device* device = before->find_device(sn);
  const auto key = context.registry.move_device(
      {.sn = sn,
       .owner = owner,
       .history = with_history ? registry::MovedHistory::kGoesAlong
                               : registry::MovedHistory::kStaysBehind});
  if (!key) return std::unexpected(key.error());
  if (device != nullptr && !with_history) context.archive.purge(device->number);
  return JsonObject{{"sn", sn},
                    {"owner", owner},
                    {"history", with_history ? "moved" : "deleted"},
                    {"deviceKey", key->reveal()}};
}

Result<Json> remove_device(const AdminContext& context, const JsonObject& request) {
  const std::string sn = text_in(request, "sn");
  const auto before = context.registry.directory();
  const registry::Device* device = before->find_device(sn);
  if (Status removed = context.registry.remove_device(sn); !removed) {
    return std::unexpected(std::move(removed.error()));
  }
  if (device != nullptr) context.archive.purge(device->number);
  return JsonObject{{"removed", sn}};
}

Result<Json> list_audit(const AdminContext& context, const JsonObject& request) {
  const auto wanted = audit_filter(request);
  if (!wanted) return std::unexpected(wanted.error());
  auto entries = read_audit(context.archive, *wanted);
  if (!entries) return std::unexpected(entries.error());
  return Json(std::move(*entries));
}

Result<Json> make_backup(const AdminContext& context, const JsonObject& request) {
  const std::string folder = text_in(request, "folder");
  // Does not wait for the audit entry: a disk that refuses the audit is a good reason for a backup.
  context.archive.append(journal::RecordKind::kAudit,
                         wire::to_text(JsonObject{{"what", journal::audit_kind(kBackupOp)},
                                                  {"who", "admin"},
                                                  {"through", "command"},
                                                  {"folder", wire::shortened(folder, 400)},
                                                  {"at", unix_ms(context.clock.now())}}),
                         {});
  return back_up(context, folder);
}

// `facts`: members of the answer, or else of the request, to put into the audit. No secrets.
struct AdminOperation {
  std::string_view name;
  Operation operation;
  std::array<std::string_view, 6> facts{};  // empty: the operation changes nothing
  bool frees_room = false;                  // on the disk
  std::string_view kind = name;             // of its entry
};
constexpr auto kOperations = std::to_array<AdminOperation>({
    {"account.add", add_account, {"name", "accessKey"}},
    {"account.list", list_accounts},
    {"account.keys", add_keys, {"name", "accessKey", "removed"}},
    {"account.rotate", rotate, {"name", "gateway"}},
    {"account.remove", remove_account, {"name"}},
    {"token.add", add_token, {"number", "name", "account", "scope", "expiresAt"}},
    {"token.list", list_tokens},
    {"token.remove", remove_token, {"removed"}},
    {"sign-in", make_sign_in_link, {"account"}, false, "link.add"},
    {"device.add", add_device, {"sn", "owner", "name", "family"}},
    {"device.list", list_devices},
    {"device.rename", rename_device, {"sn", "name"}},
    {"device.share", share_device, {"sn", "account", "rights"}},
    {"device.rotate", rotate_device, {"sn"}},
    {"device.move", move_device, {"sn", "owner", "history"}},
    {"device.remove", remove_device, {"sn"}, true},
    {"device.purge", purge_devices, {"purged"}, true},
    {"device.simulated", add_simulated, {"owner", "family", "first", "count"}},
    {kValuesOp, read_device_values},
    {kSetOp, set_device, {"sn"}},
    {kEnergyOp, read_device_energy},
    {"device.last-states", read_last_states},
    {"audit", list_audit},
    {"damage.list", list_damage},
    {"damage.accept", accept_damage, {"accepted"}},
    {"fault.on", add_fault_rule, {"fault", "sn", "account", "probability", "value", "until"}},
    {"fault.off", remove_fault_rules, {"fault", "sn", "ended"}},
    {"fault.list", list_faults},
    {kBackupOp, make_backup},
    {kRecord, begin_recording},
    {kFollowOp, begin_following},
    {"time", read_time},
    {"time.pause", change_time, {"now"}},
    {"time.resume", change_time, {"now"}},
    {"time.speed", change_time, {"speed", "now"}},
    {"time.step", change_time, {"ms", "now"}},
});

static_assert(std::ranges::all_of(kOperations, [](const AdminOperation& row) {
  return row.facts.front().empty() || journal::is_audit_kind(row.kind);
}));

JsonObject entry_of(const AdminOperation& row, const JsonObject& request, const Json& answer) {
  JsonObject entry{{"what", row.kind}, {"who", "admin"}, {"through", "command"}};
  for (const std::string_view fact : row.facts) {
    const Json* value = wire::member(answer, fact);
    if (value == nullptr) value = request.if_contains(fact);
    if (!fact.empty() && value != nullptr && *value != "") entry[fact] = *value;
  }
  return entry;
}

Result<Json> change(const AdminContext& context, const AdminOperation& row,
                    const JsonObject& request) {
  // Operations that free room on a full disk are carried out, and recorded once there is room.
  const bool makes_room = row.frees_room && storage::is_nearly_full(context.data);
  if (const std::string why = context.archive.failing(); !why.empty() && !makes_room) {
    return fail(ErrorCode::kIo,
                fmt::format("nothing was changed, because the change cannot be recorded in the "
                            "audit: {}",
                            why));
  }
  if (makes_room) storage::use_reserve(context.data);
  // Read before the operation, because a step of virtual time changes the clock.
  const std::int64_t at_ms = unix_ms(context.clock.now());
  auto answer = row.operation(context, request);
  if (!answer) return answer;
  JsonObject entry = entry_of(row, request, *answer);
  entry["at"] = at_ms;
  const Status written = append_audit(context.archive, context.clock, std::move(entry));
  if (!written && answer->is_object()) {
    // The answer may hold values that are shown only once, such as keys, so it is sent anyway.
    answer->get_object()[kWarningMember] = fmt::format(
        "the change was made, but could not be recorded in the audit: its entry waits for the "
        "disk, and is lost if the server ends before ({})",
        written.error().detail);
    spdlog::error("{} was carried out, but could not be recorded in the audit yet: {}", row.name,
                  written.error().detail);
  }
  return answer;
}

}  // namespace

std::string outcome_text(const Result<Json>& outcome) {
  if (outcome) return wire::to_text(JsonObject{{"ok", *outcome}});
  return wire::to_text(
      JsonObject{{"error", outcome.error().detail}, {"code", name_of(outcome.error().code)}});
}

bool is_change(std::string_view op) {
  const auto* row = std::ranges::find(kOperations, op, &AdminOperation::name);
  return row != kOperations.end() && !row->facts.front().empty();
}

Result<Json> administer(const AdminContext& context, const JsonObject& request) {
  const std::string op = text_in(request, "op");
  const auto* row = std::ranges::find(kOperations, op, &AdminOperation::name);
  if (row == kOperations.end()) {
    return fail(ErrorCode::kBadParams,
                fmt::format("op is \"{}\": not an operation of this server", op));
  }
  return row->facts.front().empty() ? row->operation(context, request)
                                    : change(context, *row, request);
}

struct AdminSocket::Impl {
  Impl(Socket filter, std::filesystem::path at, AdminContext on)
      : socket(std::move(filter)),
        path(std::move(at)),
        context(std::move(on)),
        thread([this](const std::stop_token& stop) { run(stop); }) {}

  void run(const std::stop_token& stop) {
    const std::stop_callback wake(stop, [this] { ::shutdown(socket.get(), SHUT_RDWR); });
    while (!stop.stop_requested()) {
      Socket client(::accept4(socket.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (client.get() < 0) {
        // For example, no file descriptors are left: pause instead of spinning.
        if (!stop.stop_requested()) ::poll(nullptr, 0, 100);
        continue;
      }
      const auto text = read_all(client.get(), kRequestTime_ms);
      const auto parsed = text ? wire::parse_json(*text, {.bytes = kMaxMessage}) : wire::Json();
      const JsonObject* request = parsed && parsed->is_object() ? &parsed->get_object() : nullptr;
      const std::string op = request == nullptr ? "" : text_in(*request, "op");
      if (op == kBackupOp) {
        back_up_beside(std::move(client), *request);
      } else if (op == kRecord) {
        record_beside(std::move(client), *request);
      } else if (op == kFollowOp) {
        follow_beside(std::move(client), *request);
      } else if (op == kHistoryOp) {
        history_beside(std::move(client), *request);
      } else if (waits(op)) {
        wait_beside(std::move(client), *request);
      } else if (request != nullptr) {
        answer(client, administer(context, *request));
      } else {
        answer(client, fail(ErrorCode::kBadParams, "a request must be a JSON object"));
      }
    }
  }

  // Runs on its own thread, because a backup takes long and other clients must not wait for it.
  void back_up_beside(Socket client, JsonObject request) {
    if (backing_up.exchange(true)) {
      return answer(client, fail(ErrorCode::kConflict, "another backup is running"));
    }
    backup = std::jthread([this, client = std::move(client),
                           request = std::move(request)](const std::stop_token& stop) {
      AdminContext stoppable = context;
      stoppable.stop = stop;
      const auto result = administer(stoppable, request);
      backing_up = false;
      answer(client, result);
    });
  }

  // A thread that serves one client.
  struct RecordingThread {
    std::shared_ptr<std::atomic<bool>> over;
    std::jthread thread;
  };
  static void drop_ended(std::vector<RecordingThread>& threads) {
    std::erase_if(threads, [](const RecordingThread& each) { return each.over->load(); });
  }
  template <typename Serve>
  static void serve_beside(std::vector<RecordingThread>& threads, Serve serve) {
    const auto over = std::make_shared<std::atomic<bool>>(false);
    threads.push_back(
        {.over = over,
         .thread = std::jthread([over, serve = std::move(serve)](const std::stop_token& stop) {
           serve(stop);
           *over = true;
         })});
  }

  // Runs on its own thread until the client disconnects.
  void record_beside(Socket client, const JsonObject& request) {
    drop_ended(recordings);
    if (recordings.size() >= kMaxRecordings) {
      return answer(client, fail(ErrorCode::kConflict,
                                 fmt::format("{} recordings are running, and no more are allowed "
                                             "at once; one can hold several devices, and without "
                                             "--device all",
                                             recordings.size())));
    }
    const auto begun = administer(context, request);
    if (!begun) return answer(client, begun);
    serve_beside(recordings, [this, client = std::move(client),
                              begun = *begun](const std::stop_token& stop) {
      stream_recording(*context.hub, begun, outcome_text(begun) + '\n', client.get(), stop);
    });
  }

  // Runs on its own thread until the client disconnects.
  void follow_beside(Socket client, const JsonObject& request) {
    drop_ended(followers);
    if (followers.size() >= kMaxFollowers) {
      return answer(client, fail(ErrorCode::kConflict,
                                 fmt::format("{} programs follow reports, and no more are allowed "
                                             "at once",
                                             followers.size())));
    }
    const auto begun = administer(context, request);
    if (!begun) return answer(client, begun);
    serve_beside(followers,
                 [this, client = std::move(client), begun = *begun](const std::stop_token& stop) {
                   stream_news(*context.hub, begun, outcome_text(begun) + '\n', client.get(), stop);
                 });
  }

  // Runs on its own thread until the client has the whole answer, or is gone.
  void history_beside(Socket client, const JsonObject& request) {
    drop_ended(histories);
    if (histories.size() >= kMaxHistories) {
      return answer(client, fail(ErrorCode::kConflict,
                                 fmt::format("{} answers from history are being sent: ask again",
                                             histories.size())));
    }
    serve_beside(
        histories, [this, client = std::move(client), request](const std::stop_token& stop) {
          AdminContext stoppable = context;
          stoppable.stop = stop;
          const std::stop_callback wake(stop, [&client] { ::shutdown(client.get(), SHUT_RDWR); });
          send_history(stoppable, request, client.get());
        });
  }

  // Runs on its own thread, because a device may take long to answer.
  void wait_beside(Socket client, const JsonObject& request) {
    drop_ended(waiting);
    if (waiting.size() >= kMaxWaiting) {
      return answer(client, fail(ErrorCode::kConflict,
                                 fmt::format("{} requests to devices are waiting for answers: ask "
                                             "again",
                                             waiting.size())));
    }
    serve_beside(waiting, [this, client = std::move(client), request](const std::stop_token& stop) {
      AdminContext stoppable = context;
      stoppable.stop = stop;
      answer(client, administer(stoppable, request));
    });
  }

  // Other clients wait during the write: not for long, even if this client does not read.
  static void answer(const Socket& client, const Result<Json>& result) {
    const timeval patience{.tv_sec = kAnswerTime_s, .tv_usec = 0};
    ::setsockopt(client.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    if (Status sent = write_all(client.get(), outcome_text(result)); !sent) {
      spdlog::warn("the admin socket could not send an answer: {}", sent.error().detail);
    }
  }

  Socket socket;
  std::filesystem::path path;
  AdminContext context;
  std::atomic<bool> backing_up{false};
  std::vector<RecordingThread> recordings;
  std::vector<RecordingThread> histories;
  std::vector<RecordingThread> followers;
  std::vector<RecordingThread> waiting;
  std::jthread backup;
  std::jthread thread;
};

AdminSocket::AdminSocket(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

AdminSocket::~AdminSocket() {
  impl_->thread.request_stop();
  impl_->thread.join();
  ::unlink(impl_->path.c_str());
}

Result<std::unique_ptr<AdminSocket>> AdminSocket::open(const AdminContext& context) {
  const auto address = socket_address(context.data);
  if (!address) return std::unexpected(address.error());
  Socket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ::unlink(address->sun_path);  // left by a killed server; the folder's lock is ours
  const mode_t before = ::umask(0177);
  const int bound = ::bind(socket.get(), as_sockaddr(*address), sizeof(*address));
  ::umask(before);
  if (bound != 0 || ::listen(socket.get(), 16) != 0) {
    return fail(ErrorCode::kIo, fmt::format("{}: {}", address->sun_path, system_message(errno)));
  }
  return std::unique_ptr<AdminSocket>(
      new AdminSocket(std::make_unique<Impl>(std::move(socket), address->sun_path, context)));
}

}  // namespace gridloom::app
