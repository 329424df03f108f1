#include "guest/fiber.hpp"

#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "guest/fiber_stacks.hpp"

using namespace celeriac::guest;

namespace {

/// Adds a letter to a text when it goes.
struct Witness {
  std::string& text;
  ~Witness() { text += '~'; }
};

std::string message_of(const std::exception_ptr& exception) {
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& thrown) {
    return thrown.what();
  }
}

}  // namespace

TEST_CASE("a fiber runs until it suspends, and goes on where it was") {
  std::string text;
  Fiber fiber([&] {
    text += 'a';
    Fiber::suspend();
    text += 'b';
    Fiber::suspend();
    text += 'c';
  });
  CHECK(text.empty());
  for (const char* expected : {"a", "ab", "abc"}) {
    REQUIRE_FALSE(fiber.finished());
    fiber.resume();
    CHECK(text == expected);
  }
  CHECK(fiber.finished());
  CHECK_FALSE(fiber.failure());
}

TEST_CASE("a fiber knows that it runs, and fibers may resume fibers") {
  CHECK(Fiber::current() == nullptr);
  Fiber* seen = nullptr;
  Fiber* seen_inside = nullptr;
  Fiber inner([&] {
    seen_inside = Fiber::current();
    Fiber::suspend();
  });
  Fiber outer([&] {
    inner.resume();
    seen = Fiber::current();
    Fiber::suspend();
    inner.resume();
  });
  outer.resume();
  CHECK(seen == &outer);
  CHECK(seen_inside == &inner);
  CHECK(Fiber::current() == nullptr);
  outer.resume();
  CHECK(inner.finished());
  CHECK(outer.finished());
}

TEST_CASE("an exception does not leave its fiber") {
  Fiber fiber([] { throw std::runtime_error("no more water"); });
  fiber.resume();
  REQUIRE(fiber.finished());
  REQUIRE(fiber.failure());
  CHECK(message_of(fiber.failure()) == "no more water");
}

TEST_CASE("a killed fiber unwinds, its destructors and all") {
  std::string text;
  Fiber fiber([&] {
    const Witness first(text);
    Fiber::suspend();
    text += "never";
  });
  fiber.resume();
  fiber.kill();
  CHECK(fiber.finished());
  CHECK(text == "~");
  CHECK_FALSE(fiber.failure());
}

TEST_CASE("a killed fiber that will not hear of it is told again") {
  int told = 0;
  Fiber fiber([&] {
    while (told < 3) {
      try {
        Fiber::suspend();
      } catch (const Killed&) {
        ++told;
      }
    }
  });
  fiber.resume();
  fiber.kill();
  CHECK(told == 3);
}

TEST_CASE("a fiber that never ran is killed without running, and lets go of what it holds") {
  const auto held = std::make_shared<int>(1);
  bool ran = false;
  {
    Fiber fiber([&ran, held] { ran = true; });
    CHECK(held.use_count() == 2);
    fiber.kill();
    CHECK(fiber.finished());
    CHECK(held.use_count() == 1);
  }
  CHECK_FALSE(ran);
}

TEST_CASE("fibers suspended in their catch blocks keep their exceptions apart") {
  std::vector<std::string> seen;
  const auto body = [&seen](std::string name) {
    return [&seen, name] {
      try {
        throw std::runtime_error(name);
      } catch (const std::exception&) {
        Fiber::suspend();
        seen.push_back(message_of(std::current_exception()));
      }
    };
  };
  Fiber one(body("one"));
  Fiber other(body("other"));
  one.resume();
  other.resume();
  CHECK(std::current_exception() == nullptr);
  one.resume();
  other.resume();
  CHECK(seen == std::vector<std::string>{"one", "other"});
}

TEST_CASE("ten thousand fibers, all asleep at once, end in an order of their own") {
  constexpr std::size_t count = 10'000;
  std::size_t sum = 0;
  std::vector<std::unique_ptr<Fiber>> fibers;
  for (std::size_t i = 0; i < count; ++i) {
    fibers.push_back(std::make_unique<Fiber>([&sum, i] {
      Fiber::suspend();
      sum += i;
    }));
    fibers.back()->resume();
  }
  for (std::size_t i = 0; i < count; ++i) fibers[i * 7 % count]->resume();
  CHECK(sum == count * (count - 1) / 2);
  fibers.clear();
  CHECK(FiberStacks::of_this_thread().idle() <= FiberStacks::max_idle);
}

TEST_CASE("the stack of a fiber that has ended is given to the next one") {
  std::uintptr_t first = 0;
  std::uintptr_t second = 1;
  for (std::uintptr_t* at : {&first, &second}) {
    Fiber fiber([at] {
      const char here = 0;
      *at = reinterpret_cast<std::uintptr_t>(&here);
    });
    fiber.resume();
  }
  CHECK(first == second);
}
