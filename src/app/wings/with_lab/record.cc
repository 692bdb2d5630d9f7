// `gridloom record`, and what the admin socket sends it.
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <latch>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/command_line/commands.h"
#include "app/command_line/common_options.h"
#include "app/command_line/output.h"
#include "app/command_line/usage_error.h"
#include "app/control/admin_client.h"
#include "app/control/local_socket.h"
#include "app/control/streams.h"
#include "app/home/home.h"
#include "app/process/process.h"
#include "app/process/progress.h"
#include "recordings/recording.h"
#include "storage/files.h"
#include "time/grammar.h"

namespace gridloom::app {
namespace {

using wire::Json;

// The answer of the operation, parsed by the client.
struct RecordingStart {
  std::vector<recordings::RecordedDevice> devices;
  TimePoint at;
};
RecordingStart recording_start_from(const Json& answer) {
  RecordingStart begun{.devices = {},
                       .at = TimePoint(Millis(answer.at("at").to_number<std::int64_t>()))};
  const auto account_in = [](const Json& object, std::string_view name) {
    return static_cast<registry::AccountId>(object.at(name).to_number<std::int64_t>());
  };
  for (const Json& row : answer.at("devices").as_array()) {
    recordings::RecordedDevice device{.sn = std::string(row.at("sn").as_string()),
                                      .family = std::string(row.at("family").as_string()),
                                      .owner = account_in(row, "owner")};
    for (const Json& share : row.at("shares").as_array()) {
      device.shares.push_back(
          {.account = account_in(share, "account"),
           .rights = static_cast<registry::Rights>(share.at("rights").to_number<int>())});
    }
    begun.devices.push_back(std::move(device));
  }
  return begun;
}

using Steady = std::chrono::steady_clock;
using storage::FileDescriptor;
using wire::Json;
using wire::JsonArray;

constexpr std::int64_t kLongestWait_ms = 200;  // then progress is shown
constexpr mode_t kOwnersOnly = 0600;           // recorded messages are private to the owner

struct RecordArguments {
  std::string data;
  std::vector<std::string> devices;
  std::string out;
  std::string span;
  bool replaces_serials = false;
  bool json = false;
};

Status write_all(const FileDescriptor& file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t size = ::write(file.get(), text.data(), text.size());
    if (size < 0) return fail(ErrorCode::kIo, system_message(errno));
    text.remove_prefix(static_cast<std::size_t>(size));
  }
  return {};
}

Result<FileDescriptor> make_file(const std::string& path) {
  FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kOwnersOnly));
  if (file.is_open()) return file;
  return fail(ErrorCode::kIo, fmt::format("{}: {}", path, system_message(errno)));
}

// Waits for more to read, until the end of the span or a signal, which may come before.
class Wait {
 public:
  Wait() : signals_(::signalfd(-1, &mask_, SFD_CLOEXEC)) {}
  void begin(const std::optional<Millis>& span) {
    until_ = std::chrono::floor<Millis>(Steady::now()) + span.value_or(time::kLongestSpan);
  }
  enum class Next : std::uint8_t { kLines, kNothingYet, kEnd };
  [[nodiscard]] Next next(int fd) const {
    std::array<pollfd, 2> ready = {{{.fd = fd, .events = POLLIN, .revents = 0},
                                    {.fd = signals_.get(), .events = POLLIN, .revents = 0}}};
    const auto left = (until_ - std::chrono::floor<Millis>(Steady::now())).count();
    if (left <= 0) return Next::kEnd;
    static_cast<void>(::poll(ready.data(), ready.size(),
                             static_cast<int>(std::min<std::int64_t>(left, kLongestWait_ms))));
    if (ready[1].revents != 0) return Next::kEnd;
    return ready[0].revents != 0 ? Next::kLines : Next::kNothingYet;
  }

 private:
  sigset_t mask_ = block_ending_signals();
  FileDescriptor signals_;
  std::chrono::time_point<Steady, Millis> until_{};
};

Status write_lines(const std::vector<std::string>& lines, recordings::Recording& recording,
                   const FileDescriptor& file) {
  std::string text;
  for (const std::string& line : lines) {
    GL_TRY(const auto json,
           wire::parse_json(line, {.bytes = std::size_t{64} << 20U, .keys = 65'536}));
    if (const Json* missed = wire::member(json, "missed")) {
      text += fmt::format("# {} messages were not recorded: the disk was too slow\n",
                          wire::to_text(*missed));
      continue;
    }
    GL_TRY(const auto event, recordings::traffic_event_in(json));
    text += recording.lines_of(event);
  }
  return write_all(file, text);
}

// The serial numbers of the devices that are named.
Result<JsonArray> sns_of(const RecordArguments& arguments) {
  JsonArray sns;
  for (const std::string& text : arguments.devices) {
    GL_TRY(const auto device, local_device(arguments.data, text));
    sns.emplace_back(device.sn);
  }
  return sns;
}

Status record(const RecordArguments& arguments, const std::optional<Millis>& span) {
  Wait wait;
  GL_TRY(const auto sns, sns_of(arguments));
  GL_TRY(auto stream, AdminStream::open(arguments.data, {{"op", "record"}, {"sns", sns}}));
  GL_TRY(const auto file, make_file(arguments.out));
  const RecordingStart begun = recording_start_from(stream.outcome());
  recordings::Recording recording(begun.devices, begun.at, arguments.replaces_serials);
  Status good = write_all(file, recording.head());
  if (good) {
    fmt::print(stderr, "gridloom: recording {} device{}{}\n", begun.devices.size(),
               begun.devices.size() == 1 ? "" : "s", span ? "" : " until Ctrl-C");
  }
  bool ended = false;
  wait.begin(span);
  Progress progress;
  const auto begun_at = Steady::now();
  while (good && !ended) {
    const Wait::Next next = wait.next(stream.fd());
    if (next == Wait::Next::kEnd) break;
    if (next == Wait::Next::kLines) {
      const auto lines = stream.read();
      ended = !lines;
      if (lines) good = write_lines(*lines, recording, file);
    }
    const std::chrono::duration<double, std::milli> elapsed = Steady::now() - begun_at;
    progress.show(
        span ? std::optional(elapsed.count() / static_cast<double>(span->count())) : std::nullopt,
        fmt::format("{} messages of devices, {} requests", recording.messages(),
                    recording.requests()));
  }
  progress.end();
  stream.end();
  while (good && !ended) {
    const auto rest = stream.read();
    if (!rest) break;
    good = write_lines(*rest, recording, file);
  }
  if (good) good = write_all(file, recording.end());
  if (!good) return fail(ErrorCode::kIo, fmt::format("{}: {}", arguments.out, good.error().detail));
  const double seconds = std::chrono::duration<double>(recording.span()).count();
  if (arguments.json) {
    print_json(wire::JsonObject{{"file", arguments.out},
                                {"seconds", seconds},
                                {"devices", begun.devices.size()},
                                {"messages", recording.messages()},
                                {"requests", recording.requests()},
                                {"server_ended", ended}});
  } else {
    fmt::print("{}: {:.1f} s, {} messages of devices, {} requests{}\n", arguments.out, seconds,
               recording.messages(), recording.requests(), ended ? ", until the server ended" : "");
  }
  return {};
}

int run(const RecordArguments& arguments) {
  std::optional<Millis> span;
  if (!arguments.span.empty()) {
    const auto parsed = time::parse_span(arguments.span, {.name = "--for"});
    if (!parsed) return report_error(parsed.error());
    span = *parsed;
  }
  const Status done = record(arguments, span);
  return done ? 0 : report_error(done.error());
}

}  // namespace

std::shared_ptr<void> add_record(CLI::App& app, std::function<int()>& chosen) {
  auto kept = std::make_shared<RecordArguments>();
  RecordArguments& a = *kept;
  CLI::App* verb = add_command(
      app, "record", "Records the messages of devices of a running server as a transcript");
  set_group(*verb, group::kTest);
  set_examples(*verb,
               {"gridloom record --out home.loom --for 10m",
                "gridloom record --out home.loom --device R331ZEB4ZEAL0528 --replace-serials"});
  add_data_option(*verb, a.data);
  add_value(*verb, "--device", a.devices, placeholder::kSn,
            "Device to record: serial number, its beginning, or the name or a part of it; "
            "repeatable; by default all devices")
      .repeatable();
  add_value(*verb, "--out", a.out, placeholder::kFile, "File to write; it must not exist yet")
      .required();
  add_value(*verb, "--for", a.span, placeholder::kSpan,
            "Duration: 30s, 15m, 2h; by default until Ctrl-C");
  add_json_option(*verb, a.json);
  add_flag(*verb, "--replace-serials", a.replaces_serials,
           "Replace the serial numbers by made-up ones");
  set_action(*verb, chosen, [&a] { return run(a); });
  return kept;
}

namespace {

using hub::TrafficEvent;
using wire::Json;
using wire::JsonObject;

constexpr std::size_t kMaxWaiting = std::size_t{32} << 20U;  // bytes not yet taken by the reader
constexpr std::chrono::milliseconds kLookEvery{100};  // for checking that the reader is still there

// Events that were captured but not sent yet.
class Queue final : public hub::TrafficTap {
 public:
  void on_traffic(std::vector<TrafficEvent> event) override {
    const std::scoped_lock lock(mutex_);
    for (TrafficEvent& each : event) {
      if (bytes_ >= kMaxWaiting) {
        ++missed_;
        continue;
      }
      bytes_ += sizeof(TrafficEvent) + each.text.size();
      waiting_.push_back(std::move(each));
    }
    changed_.notify_one();
  }

  struct Taken {
    std::vector<TrafficEvent> event;
    std::uint64_t missed = 0;  // events lost after these
  };
  Taken take(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, kLookEvery, [this] { return !waiting_.empty(); });
    bytes_ = 0;
    return {.event = std::exchange(waiting_, {}), .missed = std::exchange(missed_, 0)};
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<TrafficEvent> waiting_;
  std::size_t bytes_ = 0;
  std::uint64_t missed_ = 0;
};

std::string lines_of(const Queue::Taken& taken) {
  std::string lines;
  for (const TrafficEvent& event : taken.event) {
    wire::append_text(lines, recordings::to_json(event));
    lines += '\n';
  }
  if (taken.missed != 0) {
    wire::append_text(lines, JsonObject{{"missed", taken.missed}});
    lines += '\n';
  }
  return lines;
}

}  // namespace

void stream_recording(hub::Hub& hub, const Json& begun, std::string_view first, int socket,
                      const std::stop_token& stop) {
  const std::stop_callback wake(stop, [socket] { ::shutdown(socket, SHUT_RDWR); });
  hub::TapFilter filter{.tap = std::make_shared<Queue>(), .sns = {}};
  for (const recordings::RecordedDevice& device : recording_start_from(begun).devices)
    filter.sns.insert(device.sn);
  hub.add_tap(filter);
  auto& queue = static_cast<Queue&>(*filter.tap);
  Status sent = send_all(socket, first);
  while (sent && !stop.stop_requested() && !has_ended(socket)) {
    sent = send_all(socket, lines_of(queue.take(stop)));
  }
  const auto all_told = std::make_shared<std::latch>(1);
  hub.remove_tap(filter.tap, [all_told] { all_told->count_down(); });
  if (!sent || stop.stop_requested()) return;
  all_told->wait();
  static_cast<void>(send_all(socket, lines_of(queue.take(stop))));
}

}  // namespace gridloom::app
