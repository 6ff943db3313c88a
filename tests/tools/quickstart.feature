Feature: a policy over the plan of the quickstart, as terraform-compliance reads it

  Scenario: a new partner has a country
    Given I have carrierx_partner defined
    When its actions contains create
    Then it must have country_code
    And its value must be USA

  Scenario: a changed bridge has a name
    Given I have unpod_bridge defined
    When its actions contains update
    Then it must have name

  Scenario: a configuration that takes the place of another is of a known provider
    Given I have unpod_provider defined
    When its actions contains delete
    Then it must have provider
    And its value must match the "twilio|plivo" regex
