#include "app/control/admin_client.h"

#include <fmt/format.h>
#include <poll.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

#include "app/control/local_socket.h"
#include "app/data_folder/stores.h"
#include "app/operations/audit.h"
#include "app/operations/backup.h"
#include "app/operations/context.h"
#include "app/operations/kinds.h"
#include "app/operations/run.h"
#include "app/operations/table.h"
#include "app/process/local_zone.h"
#include "app/process/process.h"
#include "base/clock.h"
#include "catalog/loader.h"
#include "server/saved_state.h"
#include "storage/data_lock.h"
#include "storage/reserve.h"

namespace gridloom::app {

using wire::Json;
using wire::JsonObject;

namespace {

constexpr int kAnswerTime_ms = 10'000;
constexpr int kBackupTime_ms = int{kDay_ms};
constexpr int kDeviceTime_ms = 660'000;  // --set-timeout-ms is 600 s at most
constexpr Millis kLockTime{10'000};
constexpr int kPollInterval_ms = 20;

// Carries `operation` out on the folder of a stopped server, whose lock the caller holds.
template <typename Operation>
std::invoke_result_t<Operation, const operations::Context&> on_stopped(
    const std::filesystem::path& data_folder, const std::filesystem::path& devices,
    Operation operation) {
  // Log messages of the registry and the archive are not part of the command's answer.
  spdlog::set_default_logger(
      std::make_shared<spdlog::logger>("", std::make_shared<spdlog::sinks::stderr_sink_mt>()));
  spdlog::default_logger()->set_formatter(log_formatter(local_zone().zone, LogName::kNone));
  const SystemClock clock;
  GL_TRY(const auto stores, open_stores(data_folder, {}, clock));
  GL_TRY(const auto registry, stores->open_registry());
  GL_TRY(const auto catalog, catalog::load_catalog(devices));
  GL_TRY(
      const auto archive,
      history::Archive::open({.data = data_folder, .stores = stores->history(), .clock = &clock}));
  GL_TRY(server::reconcile(*registry, *archive, clock));
  const operations::Context context{.registry = *registry,
                                    .catalog = *catalog,
                                    .archive = *archive,
                                    .clock = clock,
                                    .data = data_folder,
                                    .zone = local_zone().zone};
  return operation(context);
}

// kIo: the answer is incomplete, most often empty.
Result<Json> answer_in(std::string_view text) {
  auto answer = wire::parse_json(text, {.bytes = kMaxMessage, .keys = 10'000'000});
  if (answer) return answer;
  return fail(ErrorCode::kIo, "the server ended before it answered");
}

Result<Json> outcome_in(std::string_view text) {
  GL_TRY(const auto answer, answer_in(text));
  if (const Json* ok = wire::member(answer, "ok")) return *ok;
  const Json* error = wire::member(answer, "error");
  const Json* code = wire::member(answer, "code");
  const auto known =
      code != nullptr && code->is_string() ? error_code_of(code->get_string()) : std::nullopt;
  return fail(
      known.value_or(ErrorCode::kInternal),
      std::string(error != nullptr && error->is_string() ? std::string_view(error->get_string())
                                                         : text));
}

// The route of a request: to the running server, or to this process under the folder's lock.
struct Way {
  std::optional<Socket> server{};
  std::optional<storage::DataLock> lock{};
};

// Waits for another command that works on the folder, and for a server that starts or stops.
Result<Way> way_to(const std::filesystem::path& data_folder) {
  const auto until = std::chrono::steady_clock::now() + kLockTime;
  for (;;) {
    auto server = connect_to(data_folder);
    if (server) return Way{.server = std::move(*server)};
    if (server.error().code != ErrorCode::kConflict) return std::unexpected(server.error());
    const auto left = std::chrono::ceil<Millis>(until - std::chrono::steady_clock::now());
    auto lock = storage::DataLock::take(data_folder, storage::DataLock::Holder::kCommand, left);
    if (lock) {
      if (storage::is_nearly_full(data_folder)) storage::use_reserve(data_folder);
      return Way{.lock = std::move(*lock)};
    }
    if (lock.error().code != ErrorCode::kConflict) return std::unexpected(lock.error());
    if (std::chrono::steady_clock::now() >= until) {
      return fail(ErrorCode::kConflict,
                  fmt::format("{}, and did not end within {} s", lock.error().detail,
                              std::chrono::duration_cast<std::chrono::seconds>(kLockTime).count()));
    }
    ::poll(nullptr, 0, kPollInterval_ms);
  }
}

// The text that tells a user how to find out whether an unanswered operation was carried out.
std::string_view how_to_check(std::string_view op) {
  struct Check {
    std::string_view op;
    std::string_view how;
  };
  constexpr auto kChecks = std::to_array<Check>({
      {"account.add",
       "`gridloom account list` shows whether it was; if so, the keys of the new account are not "
       "known: remove the account and add it again"},
      {"account.keys",
       "`gridloom account list` shows whether it was; if so, the secret key of the new pair is not "
       "known: remove the pair"},
      {operations::kSetOp,
       "`gridloom get` shows the device's values, and `gridloom audit` whether it was"},
      {"device.add",
       "`gridloom device list` shows whether it was; if so, the key of the new device is not "
       "known: remove the device and add it again"},
      {"account.", "`gridloom account list` and `gridloom audit` show whether it was"},
      {"device.", "`gridloom device list` and `gridloom audit` show whether it was"},
      {"fault.", "`gridloom fault list` shows whether it was"},
      {"time.", "`gridloom time` shows whether it was"},
  });
  const auto* check =
      std::ranges::find_if(kChecks, [op](const Check& each) { return op.starts_with(each.op); });
  return check == kChecks.end() ? "`gridloom audit` shows whether it was" : check->how;
}

// The error for a missing answer, with its consequences.
std::unexpected<Error> unanswered(const JsonObject& request, const Error& why) {
  const std::string op = operations::operation_in(request);
  if (op == operations::kBackupOp) {
    return fail(ErrorCode::kIo,
                fmt::format("{}; the backup is complete only if {} has a backup.json", why.detail,
                            wire::text_in(request, "folder")));
  }
  const operations::Operation* operation = operations::find(op);
  if (operation == nullptr || !is_change(*operation)) return std::unexpected(why);
  return fail(ErrorCode::kIo, fmt::format("{}; the change may or may not have been made: {}",
                                          why.detail, how_to_check(op)));
}

int patience_ms_of(std::string_view op) {
  const operations::Operation* operation = operations::find(op);
  if (operation == nullptr) return kAnswerTime_ms;
  if (operation->timing == operations::Timing::kLong) return kBackupTime_ms;
  return operation->timing == operations::Timing::kWaits ? kDeviceTime_ms : kAnswerTime_ms;
}

Result<Json> ask_server(const Socket& server, const JsonObject& request) {
  const int patience_ms = patience_ms_of(operations::operation_in(request));
  // A server that does not read the whole request may still answer.
  static_cast<void>(write_all(server.get(), wire::to_text(request)));
  const auto text = read_all(server.get(), patience_ms);
  if (!text) {
    return unanswered(request, {.code = ErrorCode::kIo,
                                .detail = "the server did not answer: " + text.error().detail});
  }
  if (const auto whole = answer_in(*text); !whole) return unanswered(request, whole.error());
  return outcome_in(*text);
}

}  // namespace

Result<Json> ask_admin(const std::filesystem::path& data_folder, const JsonObject& request,
                       const std::filesystem::path& devices) {
  // A program that watches a node must not hold up its start.
  if (operations::operation_in(request).starts_with(operations::kOfRunningNode)) {
    const auto node = connect_to(data_folder);
    if (node) return ask_server(*node, request);
    if (node.error().code != ErrorCode::kConflict) return std::unexpected(node.error());
    return fail(ErrorCode::kConflict, std::string(operations::kNoNodeRuns));
  }
  GL_TRY(const auto way, way_to(data_folder));
  if (way.server) return ask_server(*way.server, request);
  return on_stopped(data_folder, devices, [&request](const operations::Context& context) {
    return operations::administer(context, request);
  });
}

Status ask_history(const std::filesystem::path& data_folder, const JsonObject& request,
                   const std::filesystem::path& devices, const OnChunk& on_chunk) {
  GL_TRY(auto way, way_to(data_folder));
  if (!way.server) {
    return on_stopped(data_folder, devices, [&](const operations::Context& context) {
      return stream_history(context, request, on_chunk);
    });
  }
  GL_TRY(auto stream, AdminStream::open(std::move(*way.server), request));
  for (;;) {
    GL_TRY(const auto chunk, stream.read_chunk());
    if (chunk.empty()) return {};
    GL_TRY(on_chunk(chunk));
  }
}

void print_warning(const Json& answer) {
  const Json* warning = wire::member(answer, operations::kWarningMember);
  if (warning == nullptr || !warning->is_string()) return;
  fmt::print(stderr, "gridloom: warning: {}\n", std::string_view(warning->get_string()));
}

struct AdminStream::Impl {
  Socket socket;
  Json outcome{};
  std::string begun{};  // what came after the outcome and was not read yet
};

AdminStream::AdminStream(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AdminStream::AdminStream(AdminStream&&) noexcept = default;
AdminStream::~AdminStream() = default;

const Json& AdminStream::outcome() const { return impl_->outcome; }

int AdminStream::fd() const { return impl_->socket.get(); }

Result<AdminStream> AdminStream::open(const std::filesystem::path& data_folder,
                                      const JsonObject& request) {
  GL_TRY(auto socket, connect_to(data_folder));
  return open(std::move(socket), request);
}

Result<AdminStream> AdminStream::open(Socket server, const JsonObject& request) {
  AdminStream stream(std::make_unique<Impl>(std::move(server)));
  GL_TRY(send_all(stream.fd(), wire::to_text(request) + '\n'));
  std::string& begun = stream.impl_->begun;
  while (!begun.contains('\n')) {
    const auto size = read_some(stream.fd(), kAnswerTime_ms, begun);
    if (!size) {
      return fail(ErrorCode::kIo, "the server did not answer: " + size.error().detail);
    }
    if (*size == 0) break;  // a refusal does not end with a newline
  }
  GL_TRY(auto outcome, outcome_in(begun.substr(0, begun.find('\n'))));
  begun.erase(0, begun.find('\n') + 1);
  stream.impl_->outcome = std::move(outcome);
  return stream;
}

Status AdminStream::receive() {
  GL_TRY(const auto size, read_some(fd(), -1, impl_->begun));
  if (size == 0) return fail(ErrorCode::kIo, "the server went away before all was sent");
  return {};
}

Result<std::string> AdminStream::read_chunk() {
  std::string& begun = impl_->begun;
  while (!begun.contains('\n')) {
    GL_TRY(receive());
  }
  const std::string line = begun.substr(0, begun.find('\n'));
  begun.erase(0, line.size() + 1);
  std::size_t size = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), size);
  if (error != std::errc{} || end != line.data() + line.size()) {
    const auto outcome = outcome_in(line);
    return outcome ? fail(ErrorCode::kInternal, "the server sent no chunk")
                   : std::unexpected(outcome.error());
  }
  while (begun.size() < size) {
    GL_TRY(receive());
  }
  std::string chunk = begun.substr(0, size);
  begun.erase(0, size);
  return chunk;
}

void AdminStream::end() const { ::shutdown(fd(), SHUT_WR); }

Result<std::vector<std::string>> AdminStream::read() {
  std::string& begun = impl_->begun;
  if (!begun.contains('\n')) {
    GL_TRY(const auto size, read_some(fd(), -1, begun));
    if (size == 0) return fail(ErrorCode::kIo, "the server has ended the stream");
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
