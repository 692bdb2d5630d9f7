#include "app/process/process.h"

#include <fmt/format.h>
#include <malloc.h>
#include <pthread.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/loop.h"
#include "net/limits.h"
#include "net/listener.h"
#include "time/iso_text.h"

namespace gridloom::app {

namespace {

constexpr rlim_t kMaxDescriptors = 2'000'000;
// Listeners opened later, the admin socket, and clients accepted before others have closed.
constexpr std::size_t kForListeners =
    net::ConnectionBudget::kMaxListeners *
    (1 + net::Listener::kMaxOverBudget + net::Listener::kSpareConnections);
// History opens and closes files all the time; a backup needs some thirty, each recording one.
constexpr std::size_t kMinForFiles = 48;
constexpr std::size_t kMaxForFiles = 256;
constexpr int kKeptBytes = 2 * 1024 * 1024;     // several hundred answers
constexpr std::size_t kMinForConnections = 40;  // four guaranteed to each listener

std::size_t open_descriptors() {
  std::error_code error;
  std::filesystem::directory_iterator at("/proc/self/fd", error);
  std::size_t open = 0;
  for (; !error && at != std::filesystem::directory_iterator(); at.increment(error)) ++open;
  return open;
}

}  // namespace

Status raise_descriptor_limit() {
  rlimit limit{};
  bool raised = getrlimit(RLIMIT_NOFILE, &limit) == 0;
  limit.rlim_cur = limit.rlim_max;
  raised = raised && setrlimit(RLIMIT_NOFILE, &limit) == 0;
  return raised ? Status() : fail(ErrorCode::kIo, system_message(errno));
}

Result<std::size_t> descriptors_for_connections() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return fail(ErrorCode::kIo, "the limit of open files: " + system_message(errno));
  }
  const auto all = static_cast<std::size_t>(std::min<rlim_t>(limit.rlim_cur, kMaxDescriptors));
  const std::size_t taken =
      open_descriptors() + kForListeners + std::clamp(all / 4, kMinForFiles, kMaxForFiles);
  if (all >= taken + kMinForConnections) return all - taken;
  return fail(ErrorCode::kIo,
              fmt::format("this process may open {} files: the server needs at least {}, and one "
                          "more for each connection; raise the limit with ulimit -n, or with "
                          "LimitNOFILE of systemd",
                          all, taken + kMinForConnections));
}

Status forbid_core_dumps() {
  const rlimit none{};
  // The limit alone is not enough if the kernel pipes dumps to a program such as systemd-coredump.
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-vararg): the system's interface
  const bool done = setrlimit(RLIMIT_CORE, &none) == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
  return done ? Status() : fail(ErrorCode::kIo, system_message(errno));
}

void keep_freed_memory() {
  // Either setting disables glibc's own dynamic adjustment of both. No other thread allocates yet.
  // NOLINTBEGIN(concurrency-mt-unsafe)
  static_cast<void>(::mallopt(M_TRIM_THRESHOLD, kKeptBytes));
  static_cast<void>(::mallopt(M_MMAP_THRESHOLD, kKeptBytes));
  // NOLINTEND(concurrency-mt-unsafe)
}

void prepare_process(const ProcessOptions& options) {
  if (Status raised = raise_descriptor_limit(); !raised) {
    spdlog::warn("the limit of open files could not be raised: {}", raised.error().detail);
  }
  if (!options.may_dump_core) {
    if (Status forbidden = forbid_core_dumps(); !forbidden) {
      spdlog::warn("core dumps could not be disabled, so a crash may write keys to disk: {}",
                   forbidden.error().detail);
    }
  }
  keep_freed_memory();
  // A reader of standard output that goes away ends no server.
  static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
  if (!options.zone_warning.empty()) spdlog::warn("{}", options.zone_warning);
}

sigset_t block_ending_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  // The end of its terminal ends a server like SIGTERM, unless nohup set SIGHUP to be ignored: a
  // blocked signal is delivered to a thread that waits for it, ignored or not.
  struct sigaction before{};
  if (::sigaction(SIGHUP, nullptr, &before) == 0 && before.sa_handler != SIG_IGN) {
    sigaddset(&signals, SIGHUP);
  }
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

namespace {

constexpr char kClock = '*';
constexpr char kSlot = '&';

// Most lines are of the same second as the line before.
class ClockFlag final : public spdlog::custom_flag_formatter {
 public:
  explicit ClockFlag(time::TimeZone zone) : zone_(std::move(zone)) {}

  void format(const spdlog::details::log_msg& message, const std::tm& /*in the process' zone*/,
              spdlog::memory_buf_t& out) override {
    const TimePoint second = std::chrono::floor<std::chrono::seconds>(message.time);
    if (second != second_) {
      text_ = time::clock_text(second, zone_);
      second_ = second;
    }
    out.append(text_.data(), text_.data() + text_.size());
  }
  [[nodiscard]] std::unique_ptr<spdlog::custom_flag_formatter> clone() const override {
    return std::make_unique<ClockFlag>(zone_);
  }

 private:
  time::TimeZone zone_;
  TimePoint second_ = TimePoint::min();
  std::string text_;
};

// A thread of a slot's server has the slot's name. Asked anew for each line: a thread has its name
// before its first line, but this object is of all threads.
class SlotFlag final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm& /*in the process' zone*/,
              spdlog::memory_buf_t& out) override {
    std::array<char, 16> name{};
    if (::pthread_getname_np(::pthread_self(), name.data(), name.size()) != 0) return;
    const std::string_view slot(name.data());
    const std::string_view text(message.payload.data(), message.payload.size());
    if (!slot.starts_with(kSlotThread) || text.contains(slot)) return;
    out.append(slot.data(), slot.data() + slot.size());
    constexpr std::string_view kBetween = ": ";
    out.append(kBetween.data(), kBetween.data() + kBetween.size());
  }
  [[nodiscard]] std::unique_ptr<spdlog::custom_flag_formatter> clone() const override {
    return std::make_unique<SlotFlag>();
  }
};

}  // namespace

std::unique_ptr<spdlog::formatter> log_formatter(const time::TimeZone& zone, LogName name) {
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<ClockFlag>(kClock, zone);
  formatter->add_flag<SlotFlag>(kSlot);
  formatter->set_pattern(name == LogName::kShown ? "[%*.%e] [%n] [%^%l%$] %&%v"
                                                 : "[%*.%e] [%^%l%$] %&%v");
  return formatter;
}

std::string program_name() {
  std::error_code error;
  const std::filesystem::path path = std::filesystem::read_symlink("/proc/self/exe", error);
  const bool is_installed =
      error || path.parent_path() == "/usr/bin" || path.parent_path() == "/usr/local/bin";
  if (is_installed) return "gridloom";
  const std::filesystem::path here = std::filesystem::current_path(error);
  const std::filesystem::path near = path.lexically_relative(here);
  return near.empty() || near.string().starts_with("..") ? path.string() : near.string();
}

}  // namespace gridloom::app
