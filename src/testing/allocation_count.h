// Counts what the calling thread allocates, so that a test can bound it: a count is the same on
// every machine and under any load, a time is not. Test-only.
//
// A sanitizer's runtime counts; it sees every allocation, those of C libraries too. In a build
// without AddressSanitizer and ThreadSanitizer is_possible() is false, and every count is 0.
#pragma once

#include <cstddef>

namespace gridloom {

class AllocationCount {
 public:
  // Counts from now on.
  AllocationCount() : begin_(is_possible() ? totals() : Totals()) {}

  [[nodiscard]] static bool is_possible() {
    static const bool kInstalled =
        install_hooks != nullptr && install_hooks(&count_one, &count_no_free) != 0;
    return kInstalled;
  }
  [[nodiscard]] std::size_t allocations() const {
    return totals().allocations - begin_.allocations;
  }
  // As requested, without what the allocator adds.
  [[nodiscard]] std::size_t bytes() const { return totals().bytes - begin_.bytes; }

 private:
  struct Totals {
    std::size_t allocations = 0;
    std::size_t bytes = 0;
  };
  using MallocHook = void (*)(const volatile void* memory, std::size_t bytes);
  using FreeHook = void (*)(const volatile void* memory);
  // Returns 0 if there are too many hooks; null in a program without a sanitizer.
  __attribute__((weak)) static int install_hooks(
      MallocHook malloc_hook,
      FreeHook free_hook) __asm__("__sanitizer_install_malloc_and_free_hooks");

  static Totals& totals() {
    thread_local constinit Totals totals;
    return totals;
  }
  static void count_one(const volatile void* /*memory*/, std::size_t bytes) {
    ++totals().allocations;
    totals().bytes += bytes;
  }
  static void count_no_free(const volatile void* /*memory*/) {}

  Totals begin_;
};

}  // namespace gridloom
