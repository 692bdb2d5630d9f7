// A line on standard error that shows how far a command is, if standard error is a terminal: a bar,
// what was done, the rate and the time that is left. Nothing is shown during the first second, or
// where standard error is a file or a pipe.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gridloom::app {

class Progress {
 public:
  using Steady = std::chrono::steady_clock;

  // On this process' standard error; begins now.
  Progress();
  Progress(bool is_terminal, Steady::time_point begun);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Whether show() would draw now; spares its caller to make a text that nobody sees.
  [[nodiscard]] bool is_due() const;
  // `share`: 0 to 1 of the work; none: unknown. `text`: what was done. Redraws the line a few times
  // a second at most.
  void show(std::optional<double> share, std::string_view text);
  // Removes the line, so that other output can be printed.
  void end();

  // The line after this time: "[=====     ]  40 %  TEXT  12 s left".
  [[nodiscard]] static std::string line(std::optional<double> share, std::string_view text,
                                        Steady::duration elapsed);

  // "[=====     ]"; empty for an unknown share.
  [[nodiscard]] static std::string bar(std::optional<double> share);

 private:
  bool is_terminal_;
  Steady::time_point begun_;
  Steady::time_point shown_;
  bool is_shown_ = false;
};

// "1.2 GB", "340 kB".
[[nodiscard]] std::string bytes_text(std::uint64_t bytes);

}  // namespace gridloom::app
