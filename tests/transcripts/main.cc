// transcript_test [--rewrite] [--three-nodes] [--devices DIR] [--cover all|none|FAMILY]
//                 [--processes N] PATH...
//
// Plays every transcript with one shard and in one of three other ways, which take turns, or in all
// three where it is the only one, and with GL_LONG in the environment: with four shards to which
// requests are bytes, with restarts of a server that waits for the disk (before every fourth
// request, and before each with GL_LONG), and over real sockets; with --three-nodes on a cluster of
// three nodes instead, each connection at a random one. Compares each run with the expectations in
// the file and with the other runs. A PATH that is a folder stands for the *.loom files in it. At
// the end, every command and field of the covered families must have been used. With --processes
// the files are divided among so many.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <set>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/loader.h"
#include "hubs/request_bytes.h"
#include "own_api/own_service.h"
#include "testing/long_runs.h"
#include "transcripts/runner.h"
#include "transcripts/three_nodes.h"

namespace gridloom::transcripts {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFailures = 20;  // shown per file

struct Options {
  bool rewrite = false;
  bool three_nodes = false;
  fs::path devices;
  std::string cover = "all";
  std::size_t processes = 1;
  std::vector<fs::path> files;
};

// Encodes and decodes everything, as on the way to another node and back. Throws what cannot be
// read again: a mistake of this program.
hub::RequestPath byte_path() {
  const auto must = [](auto result) {
    if (!result) throw std::logic_error(result.error().detail);
    return std::move(*result);
  };
  const auto clients = std::make_shared<hub::ClientBook>();
  return {
      .request =
          [clients, must](const hub::Request& request) {
            return must(hub::request_in(hub::bytes_of(request, *clients), *clients));
          },
      .reply =
          [must](const hub::Reply& reply) { return must(hub::reply_in(hub::bytes_of(reply))); }};
}

// The homes of accounts, as the server that ships has them.
std::vector<server::MakeService> homes() {
  std::vector<server::MakeService> all;
  all.emplace_back([](const server::ServiceParts& parts) {
    return std::make_unique<api::OwnService>(parts, api::OwnService::Options{});
  });
  return all;
}

const Variant kOneShard{.services = homes};
struct Other {
  std::string_view name;
  Variant variant;
};
const std::array kOthers = {
    Other{"4 shards, over bytes",
          {.shards = 4,
           .version = wire::mqtt::Version::k5,
           .piece_bytes = 61,
           .request_path = byte_path}},
    Other{"restarts",
          {.shards = 2, .restart_every = 4, .journaling = server::Journaling::kDurable}},
    Other{"sockets", {.shards = 2, .version = wire::mqtt::Version::k5, .wire = Transport::kSocket}},
};

const std::array kThreeNodes = {
    Other{"three nodes", {.version = wire::mqtt::Version::k5, .nodes = make_three_nodes}},
};

Options options_of(const std::vector<std::string_view>& words) {
  Options options;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--rewrite") {
      options.rewrite = true;
    } else if (words[i] == "--three-nodes") {
      options.three_nodes = true;
    } else if (words[i] == "--devices" && i + 1 < words.size()) {
      options.devices = words[++i];
    } else if (words[i] == "--cover" && i + 1 < words.size()) {
      options.cover = words[++i];
    } else if (words[i] == "--processes" && i + 1 < words.size()) {
      const std::string_view count = words[++i];
      std::from_chars(count.data(), count.data() + count.size(), options.processes);
    } else {
      std::ranges::move(scripts_at(words[i]), std::back_inserter(options.files));
    }
  }
  return options;
}

void show(const std::string& file, const std::vector<Failure>& failures) {
  for (std::size_t i = 0; i < failures.size() && i < kMaxFailures; ++i) {
    fmt::print("{}:{}: {}\n", file, failures[i].line, failures[i].text);
  }
  if (failures.size() > kMaxFailures) {
    fmt::print("{}: and {} more\n", file, failures.size() - kMaxFailures);
  }
}

// The messages that apps received must not depend on the variant.
std::vector<Failure> compare(const RunResult& one, const RunResult& other) {
  std::vector<Failure> failures;
  for (const auto& [topic, messages] : one.record) {
    const auto same = other.record.find(topic);
    if (same != other.record.end() && same->second == messages) continue;
    failures.push_back({.line = 0, .text = fmt::format("{}: not as with one shard", topic)});
  }
  if (one.record.size() != other.record.size()) {
    failures.push_back({.line = 0, .text = "messages on other topics than with one shard"});
  }
  return failures;
}

std::string as_it_stands(const Script& script) {
  std::string text;
  for (const Line& line : script.lines) {
    for (const std::string& part : line.as_is) text += part + '\n';
  }
  return text;
}

// Which other ways the transcript with that number among the files is played in.
std::span<const Other> others_of(std::size_t number, const Options& options) {
  if (options.three_nodes) return kThreeNodes;
  if (runs_long() || options.files.size() == 1) return kOthers;
  return std::span(kOthers).subspan(number % kOthers.size(), 1);
}

// Returns whether all expectations were met.
bool run(std::size_t number, const Options& options,
         const std::shared_ptr<const catalog::Catalog>& catalog, Coverage& coverage) {
  const fs::path& file = options.files[number];
  const auto script = load_script(file);
  if (!script) {
    fmt::print("{}\n", script.error().detail);
    return false;
  }
  const RunResult one =
      play(*script, catalog, {.variant = kOneShard, .keeps_record = true}, coverage);
  show(file.string(), one.failures);
  bool good = one.failures.empty();
  for (const Other& other : others_of(number, options)) {
    Variant variant = other.variant;
    variant.services = homes;
    if (runs_long()) variant.restart_every = std::min<std::size_t>(variant.restart_every, 1);
    RunResult outcome =
        play(*script, catalog, {.variant = variant, .keeps_record = true}, coverage);
    // After a restart devices report again, so the messages to apps differ.
    if (other.variant.restart_every == 0) {
      std::ranges::move(compare(one, outcome), std::back_inserter(outcome.failures));
    }
    if (good) show(fmt::format("{} ({})", file.string(), other.name), outcome.failures);
    good = good && outcome.failures.empty();
  }
  if (options.rewrite && !one.rewritten.empty() && one.rewritten != as_it_stands(*script)) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << one.rewritten;
    fmt::print("{}: rewritten\n", file.string());
  }
  return good;
}

struct Outcome {
  std::size_t failed = 0;
  std::set<std::string> missing;  // commands, params and fields that were never used
};

// Plays the files of one process.
Outcome play_part(std::size_t part, const Options& options,
                  const std::shared_ptr<const catalog::Catalog>& catalog) {
  Coverage coverage;
  Outcome outcome;
  for (std::size_t number = part; number < options.files.size(); number += options.processes) {
    const bool good = run(number, options, catalog, coverage);
    fmt::print("{} {}\n", good ? "ok    " : "FAILED", options.files[number].filename().string());
    if (!good) ++outcome.failed;
  }
  for (const catalog::FamilyPtr& family : catalog->families()) {
    if (options.cover != "all" && options.cover != family->id) continue;
    for (std::string& line : coverage.missing(*family)) outcome.missing.insert(std::move(line));
  }
  return outcome;
}

// A process that plays a part, and writes its outcome into a pipe: a line for the number of those
// that failed, and one for each item that is missing. Returns the end to read from.
int begin_part(std::size_t part, const Options& options,
               const std::shared_ptr<const catalog::Catalog>& catalog) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0 || ::fork() != 0) {
    ::close(ends[1]);
    return ends[0];
  }
  const Outcome outcome = play_part(part, options, catalog);
  std::string text = fmt::format("{}\n", outcome.failed);
  for (const std::string& line : outcome.missing) text += line + '\n';
  std::fflush(stdout);
  const bool is_written = ::write(ends[1], text.data(), text.size()) == std::ssize(text);
  std::exit(is_written ? 0 : 1);  // with the search for leaks
}

std::string text_from(int end) {
  std::string text;
  std::array<char, 4096> some{};
  for (ssize_t size = 0; (size = ::read(end, some.data(), some.size())) > 0;) {
    text.append(some.data(), static_cast<std::size_t>(size));
  }
  ::close(end);
  return text;
}

Outcome play_parts(const Options& options, const std::shared_ptr<const catalog::Catalog>& catalog) {
  std::vector<int> ends;
  for (std::size_t part = 0; part < options.processes; ++part) {
    ends.push_back(begin_part(part, options, catalog));
  }
  Outcome all;
  for (std::size_t part = 0; part < options.processes; ++part) {
    std::istringstream lines(text_from(ends[part]));
    std::size_t failed = 0;
    if (!(lines >> failed)) failed = 1;  // the process ended before it could say it
    all.failed += failed;
    std::set<std::string> missing;
    for (std::string line; std::getline(lines >> std::ws, line);) missing.insert(line);
    // What another process has used is not missing.
    if (part != 0)
      std::erase_if(missing, [&](const auto& line) { return !all.missing.contains(line); });
    all.missing = std::move(missing);
  }
  for (int status = 0; ::wait(&status) > 0;) {
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) ++all.failed;
  }
  return all;
}

int main_of(const std::vector<std::string_view>& words) {
  const Options options = options_of(words);
  if (options.files.empty() || options.processes == 0) {
    fmt::print(
        "transcript_test [--rewrite] [--three-nodes] [--devices DIR] [--cover all|none|FAMILY] "
        "[--processes N] PATH...\n");
    return 2;
  }
  spdlog::set_level(spdlog::level::warn);
  const auto catalog = catalog::load_catalog(options.devices);
  if (!catalog) {
    fmt::print("{}\n", catalog.error().detail);
    return 1;
  }
  std::fflush(stdout);
  const Outcome outcome =
      options.processes == 1 ? play_part(0, options, *catalog) : play_parts(options, *catalog);
  for (const std::string& line : outcome.missing) fmt::print("{}\n", line);
  fmt::print("{} transcripts, {} failed; {} commands, params and fields never used\n",
             options.files.size(), outcome.failed, outcome.missing.size());
  return outcome.failed == 0 && outcome.missing.empty() ? 0 : 1;
}

}  // namespace
}  // namespace gridloom::transcripts

int main(int count, char** words) {
  return gridloom::transcripts::main_of({words + 1, words + count});
}
