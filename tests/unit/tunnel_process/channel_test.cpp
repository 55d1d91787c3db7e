// SPDX-License-Identifier: MIT
#include "agent/tunnel_process/channel.hpp"

#include <array>
#include <cerrno>
#include <thread>

#include <sys/socket.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace tollgate::agent::tunnel_process {
namespace {

using std::chrono::milliseconds;

struct Line {
    Line() {
        std::array<int, 2> ends{};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
        here.reset(ends[0]);
        there.reset(ends[1]);
    }
    FileDescriptor here;
    FileDescriptor there;
};

SecretBytes filled(std::size_t size) {
    SecretBytes bytes(size);
    for (std::size_t i = 0; i < size; ++i) {
        bytes[i] = static_cast<std::byte>(i % 251);
    }
    return bytes;
}

// More than a socket's buffer, so that it goes in pieces.
TEST(Channel, AMessageOfAnySizeArrives) {
    const Line line;
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{5'000'001}}) {
        std::thread sender{[&] {
            EXPECT_TRUE(Channel{line.here.get()}.send(7, filled(size)));
        }};
        const auto message = Channel{line.there.get()}.receive();
        sender.join();
        ASSERT_TRUE(message) << size;
        EXPECT_EQ(message->kind, 7U);
        EXPECT_EQ(message->body, filled(size));
    }
}

TEST(Channel, DescriptorsComeAlong) {
    const Line line;
    std::array<int, 2> pipe{};
    ASSERT_EQ(::pipe(pipe.data()), 0);
    const FileDescriptor out{pipe[0]};
    const FileDescriptor in{pipe[1]};
    const std::array<int, 1> sent{in.get()};
    ASSERT_TRUE(Channel{line.here.get()}.send(1, filled(3), sent));
    const auto message = Channel{line.there.get()}.receive();
    ASSERT_TRUE(message);
    ASSERT_EQ(message->descriptors.size(), 1U);
    EXPECT_EQ(::write(message->descriptors[0].get(), "x", 1), 1);
    char got = 0;
    EXPECT_EQ(::read(out.get(), &got, 1), 1);
}

TEST(Channel, TheOtherEndIsGone) {
    Line line;
    line.here.reset();
    EXPECT_EQ(Channel{line.there.get()}.receive().error().code.value(), ECONNRESET);
    EXPECT_EQ(Channel{line.there.get()}.send(1, filled(1)).error().code.value(), EPIPE);
}

TEST(Channel, APatientReaderGivesUp) {
    const Line line;
    EXPECT_EQ(Channel{line.there.get()}.receive(milliseconds{10}).error().code.value(), ETIMEDOUT);
    ASSERT_EQ(::write(line.here.get(), "\1\0\0\0\5\0\0\0ab", 10), 10);
    EXPECT_EQ(Channel{line.there.get()}.receive(milliseconds{10}).error().code.value(), ETIMEDOUT)
        << "half a message";
}

TEST(Channel, AnEndlessMessageIsRefused) {
    const Line line;
    ASSERT_EQ(::write(line.here.get(), "\1\0\0\0\xff\xff\xff\xff", 8), 8);
    EXPECT_EQ(Channel{line.there.get()}.receive().error().code.value(), EMSGSIZE);
}

}  // namespace
}  // namespace tollgate::agent::tunnel_process
