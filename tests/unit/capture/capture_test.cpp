// SPDX-License-Identifier: MIT
#include "agent/capture/capture.hpp"

#include <fstream>

#include <gmock/gmock.h>

#include "tests/support/capture_file.hpp"
#include "tests/support/flows.hpp"

namespace {

using namespace tollgate;
using namespace std::chrono_literals;
using agent::Capture;
using policy::Direction;
using test::kMonday;
using testing::HasSubstr;

constexpr MacAddress kDevice{{0x02, 0, 0, 0, 0, 1}};
constexpr MacAddress kOther{{0x02, 0, 0, 0, 0, 2}};
constexpr MacAddress kGroup{{0x01, 0, 0x5e, 0, 0, 0xfb}};

test::Bytes frame(const MacAddress& from, const MacAddress& to) {
    return test::ethernet({from, to, {}}, 0x0800, test::Bytes(40));
}

TEST(Capture, GivesFramesWithTimeAndOriginalLength) {
    test::CaptureFile file;
    file.add(kMonday + 5us, frame(kDevice, kOther), 20);
    auto capture = Capture::open(file.write());
    ASSERT_TRUE(capture) << capture.error().message();
    const auto first = capture->next();
    ASSERT_TRUE(first && *first);
    EXPECT_EQ((*first)->at, kMonday + 5us);
    EXPECT_EQ((*first)->bytes.size(), 20U);
    EXPECT_EQ((*first)->original_length, 54U);
    const auto end = capture->next();
    ASSERT_TRUE(end);
    EXPECT_FALSE(*end);
}

TEST(Capture, AFileThatEndsWithinAFrameIsAnErrorWithItsName) {
    test::CaptureFile file;
    file.add(kMonday, frame(kDevice, kOther));
    file.cut(1);
    auto capture = Capture::open(file.write());
    ASSERT_TRUE(capture);
    const auto broken = capture->next();
    ASSERT_FALSE(broken);
    EXPECT_THAT(broken.error().message(), HasSubstr("test.pcap"));
}

TEST(Capture, AMissingFileIsNamed) {
    const auto capture = Capture::open("/nowhere/test.pcap");
    ASSERT_FALSE(capture);
    EXPECT_THAT(capture.error().message(), HasSubstr("/nowhere/test.pcap"));
}

TEST(Capture, AFileThatIsNoCaptureIsNamed) {
    test::CaptureFile file;
    const auto path = file.write();
    std::ofstream(path) << "this is no capture, but long enough for a header";
    const auto capture = Capture::open(path);
    ASSERT_FALSE(capture);
    EXPECT_THAT(capture.error().message(), HasSubstr("test.pcap"));
}

TEST(Capture, OtherLinkTypesAreRefusedWithAHint) {
    const test::CaptureFile file(113);  // LINUX_SLL
    const auto capture = Capture::open(file.write());
    ASSERT_FALSE(capture);
    EXPECT_THAT(capture.error().message(), HasSubstr("LINUX_SLL instead of Ethernet"));
}

TEST(Orientation, FramesOfTheDeviceGoOut) {
    EXPECT_EQ(agent::orientation(frame(kDevice, kOther), kDevice), Direction::egress);
    EXPECT_EQ(agent::orientation(frame(kDevice, kGroup), kDevice), Direction::egress);
}

TEST(Orientation, FramesToTheDeviceAndToGroupsComeIn) {
    EXPECT_EQ(agent::orientation(frame(kOther, kDevice), kDevice), Direction::ingress);
    EXPECT_EQ(agent::orientation(frame(kOther, kGroup), kDevice), Direction::ingress);
}

TEST(Orientation, FramesOfOthersAndStumpsAreNotTheDevices) {
    EXPECT_FALSE(agent::orientation(frame(kOther, kOther), kDevice));
    EXPECT_FALSE(agent::orientation(test::Bytes(13), kDevice));
}

}  // namespace
