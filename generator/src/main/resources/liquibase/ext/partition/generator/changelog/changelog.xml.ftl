<#import "steps.ftl" as steps>
<?xml version="1.0" encoding="UTF-8"?>
<!--
  [=marker] from a table config. Do not edit: change the config and generate again.
  Include this file in your own changelog, or run it by itself.
-->
<databaseChangeLog xmlns="http://www.liquibase.org/xml/ns/dbchangelog"
    xmlns:partition="http://www.liquibase.org/xml/ns/partition"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xsi:schemaLocation="http://www.liquibase.org/xml/ns/dbchangelog
        http://www.liquibase.org/xml/ns/dbchangelog/dbchangelog-latest.xsd
        http://www.liquibase.org/xml/ns/partition
        http://www.liquibase.org/xml/ns/partition/liquibase-partition-latest.xsd">

  <!-- The tables whose swap, drop, new copy or swap back is wanted: names with commas between them, or all. Give them on
       the command line, for example -DswapApproved=orders, which goes before the values here. -->
  <property name="swapApproved" value=""/>
  <property name="dropApproved" value=""/>
<#if steps.asksToDropRetired(tables)>
  <property name="retireApproved" value=""/>
</#if>
  <property name="restartCopy" value=""/>
  <property name="swapBack" value=""/>

  <!--
<#list steps.about["asked"] as line>
    [=line]
</#list>
  -->
  <preConditions>
    <partition:tablesKnown swapApproved="${swapApproved}" dropApproved="${dropApproved}"<#if steps.asksToDropRetired(tables)>
        retireApproved="${retireApproved}"</#if>
        restartCopy="${restartCopy}" swapBack="${swapBack}"/>
<#list tables as table>
<#assign source><#if table.schemaName??>schemaName="[=table.schemaName]" </#if>tableName="[=table.tableName]"</#assign>
    <partition:swapKept [=source] swapBack="${swapBack}"/>
    <partition:copyRestarted [=source] restart="${restartCopy}"/>
</#list>
  </preConditions>
<#list tables as table>

  <!-- ==== [=steps.heading(table)] ==== -->

[=table.changesets?no_esc]<#rt>
</#list>
</databaseChangeLog>
