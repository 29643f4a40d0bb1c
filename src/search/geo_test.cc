#include "search/geo.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace vams::search {
namespace {

TEST(Geo, ValidityOfPointsAndBoxes) {
  EXPECT_TRUE(IsValid(Point{90, -180}));
  EXPECT_FALSE(IsValid(Point{90.1, 0}));
  EXPECT_FALSE(IsValid(Point{0, 181}));
  EXPECT_TRUE(IsValid(Box{.south = 0, .north = 1, .west = 170, .east = -170}));
  EXPECT_FALSE(IsValid(Box{.south = 1, .north = 0, .west = 0, .east = 1}));
}

TEST(Geo, BoxesMeetAtEdgesAndOverTheDateLine) {
  const Box middle{.south = 0, .north = 10, .west = 0, .east = 10};
  const Box pacific{.south = 0, .north = 10, .west = 170, .east = -170};

  EXPECT_TRUE(Intersects(middle, Box::Of({10, 10})));
  EXPECT_FALSE(Intersects(middle, Box::Of({10.001, 10})));
  EXPECT_FALSE(Intersects(middle, Box::Of({5, -0.001})));
  EXPECT_TRUE(Intersects(middle, {.south = -5, .north = 5, .west = -20, .east = 20}));
  EXPECT_TRUE(Intersects(pacific, Box::Of({5, 180})));
  EXPECT_TRUE(Intersects(pacific, Box::Of({5, -175})));
  EXPECT_FALSE(Intersects(pacific, Box::Of({5, 0})));
  EXPECT_TRUE(Intersects(pacific, {.south = 0, .north = 1, .west = 160, .east = -160}));
  EXPECT_FALSE(Intersects(pacific, middle));
}

TEST(Geo, DistancesOnTheSphere) {
  EXPECT_NEAR(Distance(Point{52.52, 13.405}, Point{48.8566, 2.3522}), 877'500,
              500);  // Berlin–Paris
  EXPECT_NEAR(Distance(Point{0, 179.5}, Point{0, -179.5}), 111'195, 1);
  EXPECT_NEAR(Distance(Point{90, 0}, Point{-90, 77}), 20'015'115, 1);
  EXPECT_EQ(Distance(Point{1, 2}, Point{1, 2}), 0);
}

TEST(Geo, DistanceToABoxIsToItsNearestPlace) {
  const Box box{.south = 0, .north = 10, .west = 0, .east = 10};
  EXPECT_EQ(Distance(Point{5, 5}, box), 0);
  EXPECT_NEAR(Distance(Point{11, 5}, box), 111'195, 1);
  EXPECT_NEAR(Distance(Point{0, -1}, box), 111'195, 1);
  EXPECT_NEAR(Distance(Point{-1, 11}, box), Distance(Point{-1, 11}, Point{0, 10}), 1);
  const Box pacific{.south = -5, .north = 5, .west = 170, .east = -170};
  EXPECT_NEAR(Distance(Point{0, -169}, pacific), 111'195, 1);
  // The nearest place of a meridian lies towards the pole.
  const Box north{.south = 0, .north = 80, .west = 0, .east = 1};
  double nearest = 1e9;
  for (double lat = 0; lat <= 80; lat += 0.01)
    nearest = std::min(nearest, Distance(Point{60, 41}, Point{lat, 1}));
  EXPECT_NEAR(Distance(Point{60, 41}, north), nearest, 10);
}

}  // namespace
}  // namespace vams::search
