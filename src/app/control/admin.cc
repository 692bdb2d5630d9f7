#include "app/control/admin.h"

#include <fmt/format.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "app/control/local_socket.h"
#include "app/control/streams.h"
#include "app/operations/kinds.h"
#include "app/operations/run.h"
#include "app/operations/table.h"

namespace gridloom::app {
namespace {

using operations::Timing;
using wire::Json;
using wire::JsonObject;

constexpr int kRequestTime_ms =
    1'000;  // requests are served one at a time: silent clients must not block
constexpr time_t kAnswerTime_s = 2;  // per write: clients that do not read must not block

constexpr std::size_t kMaxRecordings = 8;  // at the same time
constexpr std::size_t kMaxHistories = 8;   // likewise
constexpr std::size_t kMaxFollowers = 16;  // likewise
constexpr std::size_t kMaxWaiting = 64;    // likewise, of operations that wait for a device

}  // namespace

std::string outcome_text(const Result<Json>& outcome) {
  if (outcome) return wire::to_text(JsonObject{{"ok", *outcome}});
  return wire::to_text(
      JsonObject{{"error", outcome.error().detail}, {"code", name_of(outcome.error().code)}});
}

struct AdminSocket::Impl {
  Impl(Socket filter, std::filesystem::path at, operations::Context on)
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
      if (request != nullptr) {
        serve(std::move(client), *request);
      } else {
        answer(client, fail(ErrorCode::kBadParams, "a request must be a JSON object"));
      }
    }
  }

  void serve(Socket client, const JsonObject& request) {
    const operations::Operation* operation = operations::find(operations::operation_in(request));
    switch (operation == nullptr ? Timing::kAtOnce : operation->timing) {
      case Timing::kAtOnce:
        return answer(client, operations::administer(context, request));
      case Timing::kWaits:
        return wait_beside(std::move(client), request);
      case Timing::kLong:
        return back_up_beside(std::move(client), request);
      case Timing::kStreams:
        return stream_beside(std::move(client), operation->name, request);
    }
  }

  void stream_beside(Socket client, std::string_view name, const JsonObject& request) {
    if (name == operations::kRecordOp) return record_beside(std::move(client), request);
    if (name == operations::kFollowOp) return follow_beside(std::move(client), request);
    history_beside(std::move(client), request);
  }

  // Runs on its own thread, because a backup takes long and other clients must not wait for it.
  void back_up_beside(Socket client, JsonObject request) {
    if (backing_up.exchange(true)) {
      return answer(client, fail(ErrorCode::kConflict, "another backup is running"));
    }
    backup = std::jthread([this, client = std::move(client),
                           request = std::move(request)](const std::stop_token& stop) {
      operations::Context stoppable = context;
      stoppable.stop = stop;
      const auto result = operations::administer(stoppable, request);
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
    const auto begun = operations::administer(context, request);
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
    const auto begun = operations::administer(context, request);
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
          operations::Context stoppable = context;
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
      operations::Context stoppable = context;
      stoppable.stop = stop;
      answer(client, operations::administer(stoppable, request));
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
  operations::Context context;
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

Result<std::unique_ptr<AdminSocket>> AdminSocket::open(const operations::Context& context) {
  GL_TRY(const auto address, socket_address(context.data));
  Socket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ::unlink(address.sun_path);  // left by a killed server; the folder's lock is ours
  const mode_t before = ::umask(0177);
  const int bound = ::bind(socket.get(), as_sockaddr(address), sizeof(address));
  ::umask(before);
  if (bound != 0 || ::listen(socket.get(), 16) != 0) {
    return fail(ErrorCode::kIo, fmt::format("{}: {}", address.sun_path, system_message(errno)));
  }
  return std::unique_ptr<AdminSocket>(
      new AdminSocket(std::make_unique<Impl>(std::move(socket), address.sun_path, context)));
}

}  // namespace gridloom::app
