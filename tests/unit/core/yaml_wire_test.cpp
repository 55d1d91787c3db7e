// SPDX-License-Identifier: MIT
#include "agent/core/yaml_wire.hpp"

#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "policy/yaml_strict.hpp"

namespace tollgate::agent {
namespace {

using State = YamlWireReader::State;
using policy::YamlEvent;

constexpr std::size_t kBytesMax = 1000;
constexpr auto kText = "a: 1\nb: [x, \"y\", ~, &w v, *w, !t u]\nc: {d: }\n--- more\n";

std::string written(const YamlEvent& event) {
    return std::to_string(static_cast<int>(event.kind)) + ' ' + std::to_string(event.mark.line) +
           ':' + std::to_string(event.mark.column) + (event.anchor ? " & " : " ") +
           std::string{event.tag} + ' ' + std::string{event.value} + '\n';
}

/// The events of a text, as they are and as bytes.
struct Parsed {
    std::string events;
    std::string bytes;

    explicit Parsed(std::string_view text) {
        const auto problem = policy::parse_yaml_here(text, [this](const YamlEvent& event) {
            events += written(event);
            append_event(bytes, event);
            return true;
        });
        append_end(bytes, problem);
    }
};

TEST(YamlWire, BringsEveryEventHoweverTheBytesAreCut) {
    const Parsed parsed{kText};
    for (const std::size_t part :
         {std::size_t{1}, std::size_t{7}, std::size_t{64}, parsed.bytes.size()}) {
        YamlWireReader reader{kBytesMax};
        std::string events;
        auto state = State::open;
        for (std::size_t at = 0; at < parsed.bytes.size(); at += part) {
            ASSERT_EQ(state, State::open);
            state = reader.read(std::string_view{parsed.bytes}.substr(at, part),
                                [&events](const YamlEvent& event) {
                                    events += written(event);
                                    return true;
                                });
        }
        EXPECT_EQ(state, State::ended);
        EXPECT_EQ(events, parsed.events);
        EXPECT_EQ(reader.problem().has_value(), false);
    }
}

bool take_all(const YamlEvent& /*event*/) {
    return true;
}

TEST(YamlWire, BringsTheProblemOnOneVisibleLine) {
    std::string bytes;
    append_end(bytes, policy::Problem{{3, 7}, "line\nforged\x1b[31m", "no hint comes along"});
    YamlWireReader reader{kBytesMax};
    ASSERT_EQ(reader.read(bytes, take_all), State::ended);
    EXPECT_EQ(reader.problem(), (policy::Problem{{3, 7}, "line?forged?[31m", ""}));
}

TEST(YamlWire, CutShortHasNoEnd) {
    const Parsed parsed{kText};
    for (std::size_t size = 0; size < parsed.bytes.size(); ++size) {
        YamlWireReader reader{kBytesMax};
        EXPECT_EQ(reader.read(std::string_view{parsed.bytes}.substr(0, size), take_all),
                  State::open);
    }
}

TEST(YamlWire, EndsWhenTheSinkWantsNoMore) {
    const Parsed parsed{kText};
    YamlWireReader reader{kBytesMax};
    int taken = 0;
    EXPECT_EQ(reader.read(parsed.bytes, [&taken](const YamlEvent&) { return ++taken < 3; }),
              State::enough);
    EXPECT_EQ(taken, 3);
}

TEST(YamlWire, WithAnythingAfterItsEndIsMalformed) {
    std::string bytes = Parsed{kText}.bytes + 'x';
    YamlWireReader reader{kBytesMax};
    EXPECT_EQ(reader.read(bytes, take_all), State::malformed);
}

TEST(YamlWire, TakesAValueOfTheMostBytesAndNoMore) {
    for (const std::size_t size : {kBytesMax, kBytesMax + 1}) {
        const std::string value(size, 'v');
        std::string bytes;
        append_event(bytes, {YamlEvent::Kind::scalar, {1, 1}, false, "?", value});
        YamlWireReader reader{kBytesMax};
        EXPECT_EQ(reader.read(bytes, take_all), size == kBytesMax ? State::open : State::malformed);
    }
}

// Bytes of a parser that was taken over: no crash, no unbounded memory, no event that is none.
TEST(YamlWire, OfAnyBytesBringsKnownEventsOnly) {
    std::mt19937 random{42};  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same each time
    const std::string good = Parsed{kText}.bytes;
    for (int run = 0; run < 20000; ++run) {
        std::string bytes = good;
        for (int change = 0; change < 3; ++change) {
            bytes[random() % bytes.size()] = static_cast<char>(random());
        }
        YamlWireReader reader{kBytesMax};
        std::vector<policy::Problem> problems;
        const auto state = reader.read(bytes, [](const YamlEvent& event) {
            EXPECT_LE(event.kind, YamlEvent::kLastKind);
            EXPECT_LE(event.tag.size() + event.value.size(), 2 * kBytesMax);
            return true;
        });
        EXPECT_LE(state, State::malformed);
    }
}

}  // namespace
}  // namespace tollgate::agent
