Feature: a policy that the quickstart does not keep, so that a tool which reads nothing is noticed

  Scenario: every partner that changes moves to another place
    Given I have carrierx_partner defined
    When its actions contains update
    Then it must have zip
    And its value must be 99999
